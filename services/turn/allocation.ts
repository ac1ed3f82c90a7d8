import { AttributeType, attributeOf, type DecodedStun, type StunAttribute } from './stun-message.ts'
import { decodeUint32, decodeXorAddress, encodeUint32, type TransportAddress } from './stun-values.ts'
import { TurnFailure } from './turn-errors.ts'

/** REQUESTED-TRANSPORT: the protocol number in the first of four bytes (RFC 8656 section 18.7, RFC 6062 section 6.1). */
const REQUESTED_TRANSPORT = { udp: Buffer.from([17, 0, 0, 0]), tcp: Buffer.from([6, 0, 0, 0]) }

/** REQUESTED-ADDRESS-FAMILY: IPv6 (RFC 8656 section 18.8); without it the relay gives an IPv4 address. */
const REQUESTED_FAMILY_IPV6 = Buffer.from([2, 0, 0, 0])

export interface AllocateOptions {
  /** without it the relay decides, usually 600 s */
  lifetimeSeconds?: number | undefined
  /** true: the relayed address shall be an IPv6 one */
  ipv6?: boolean | undefined
  /** what the relay shall speak with peers; UDP unless told */
  peerTransport?: 'udp' | 'tcp' | undefined
}

export interface Allocation {
  relayedAddress: TransportAddress
  mappedAddress: TransportAddress | undefined
  lifetimeSeconds: number
}

/** The attributes of an Allocate request (RFC 8656 section 7.1). */
export function allocateAttributes ({ lifetimeSeconds, ipv6 = false, peerTransport = 'udp' }: AllocateOptions): StunAttribute[] {
  const attributes: StunAttribute[] = [{ type: AttributeType.requestedTransport, value: REQUESTED_TRANSPORT[peerTransport] }]
  if (lifetimeSeconds !== undefined) attributes.push({ type: AttributeType.lifetime, value: encodeUint32(lifetimeSeconds) })
  if (ipv6) attributes.push({ type: AttributeType.requestedAddressFamily, value: REQUESTED_FAMILY_IPV6 })
  return attributes
}

/** What a success answer to Allocate grants (RFC 8656 section 7.3). Throws TurnFailure if it lacks what it must carry. */
export function readAllocation (answer: DecodedStun): Allocation {
  const relayedAddress = decodeXorAddress(attributeOf(answer, AttributeType.xorRelayedAddress), answer.transactionId)
  const lifetimeSeconds = decodeUint32(attributeOf(answer, AttributeType.lifetime))
  if (relayedAddress === undefined || lifetimeSeconds === undefined) {
    throw new TurnFailure('allocate', 'TURN_BAD_ANSWER', 'no relayed address or no lifetime in the answer')
  }
  return { relayedAddress, mappedAddress: readMappedAddress(answer), lifetimeSeconds }
}

/** This side's address as the relay sees it. */
export function readMappedAddress (answer: DecodedStun): TransportAddress | undefined {
  return decodeXorAddress(attributeOf(answer, AttributeType.xorMappedAddress), answer.transactionId)
}
