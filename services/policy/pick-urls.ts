/**
 * The URLs of a reply, one list a node, at most four in all: the first node's udp and its best way through a firewall
 * (tls, else tcp; both where it is the only node), the second node's udp. No `stun:` beside a TURN udp URL: it would
 * yield the same candidate.
 */
export function pickUrls (nodes: ReadonlyArray<readonly string[]>): string[][] {
  const [first, second] = nodes.map(sortUrls)
  if (!first) return []
  const firewalls = [...first.tls, ...first.tcp]
  if (!second) return [[...first.udp.slice(0, 2), ...firewalls.slice(0, 2)]]
  const other = second.udp[0] ?? second.tls[0] ?? second.tcp[0]
  return [[...first.udp.slice(0, 1), ...firewalls.slice(0, 1)], other === undefined ? [] : [other]]
}

function sortUrls (urls: readonly string[]) {
  const tls = urls.filter(url => url.startsWith('turns:'))
  const tcp = urls.filter(url => url.startsWith('turn:') && url.endsWith('?transport=tcp'))
  const udp = urls.filter(url => !tls.includes(url) && !tcp.includes(url))
  return { udp, tls, tcp }
}
