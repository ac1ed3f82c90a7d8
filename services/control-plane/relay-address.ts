import { BlockList, isIP } from 'node:net'

/**
 * By family, for a BlockList that holds both takes each IPv4 address for its form inside of IPv6.
 * `nowhere`: where no relay of another machine can be (RFC 6890, RFC 4291), or where a cloud answers its own guests. An
 * address in here that a node calls its own would be a way to something else. Private ranges are left: fleets stand in them.
 */
const ipv4 = { loopback: new BlockList(), nowhere: new BlockList() }
const ipv6 = { loopback: new BlockList(), nowhere: new BlockList() }
ipv4.loopback.addSubnet('127.0.0.0', 8)
ipv6.loopback.addAddress('::1', 'ipv6')
for (const [network, prefix] of [
  ['0.0.0.0', 8], ['169.254.0.0', 16], ['192.0.0.0', 24], ['192.88.99.0', 24], ['224.0.0.0', 4], ['240.0.0.0', 4],
  // metadata and platform addresses outside of link-local: Alibaba Cloud, Azure
  ['100.100.100.200', 32], ['168.63.129.16', 32]
] as const) ipv4.nowhere.addSubnet(network, prefix)
for (const [network, prefix] of [
  // unspecified, IPv4 in IPv6 in all its forms (mapped, compatible, NAT64), discard, Teredo, 6to4
  ['::', 8], ['100::', 64], ['2001::', 32], ['2002::', 16],
  // link-local, site-local, multicast
  ['fe80::', 10], ['fec0::', 10], ['ff00::', 8],
  // metadata inside of private ranges: AWS, Google Cloud
  ['fd00:ec2::', 32], ['fd20:ce::254', 128]
] as const) ipv6.nowhere.addSubnet(network, prefix, 'ipv6')

function isIn (list: keyof typeof ipv4, ip: string): boolean {
  return isIP(ip) === 6 ? ipv6[list].check(ip, 'ipv6') : ipv4[list].check(ip, 'ipv4')
}

export const isLoopback = (ip: string): boolean => isIP(ip) !== 0 && isIn('loopback', ip)

/** Whether a relay of another machine may be there, so that clients may be let through to it. */
export const isRelayAddress = (ip: string): boolean => isIP(ip) !== 0 && !isIn('loopback', ip) && !isIn('nowhere', ip)

/**
 * The addresses a node lets its clients reach, of those all nodes say they have.
 * @param onLoopback of a node that is on loopback itself: only that is told of others there, all of them on one machine
 */
export const allowedPeers = (fleet: readonly string[], onLoopback: boolean): string[] =>
  [...new Set(fleet)].filter(ip => isRelayAddress(ip) || (onLoopback && isLoopback(ip))).sort()
