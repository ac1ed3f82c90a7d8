/**
 * The URLs of a reply, one list a node, at most four in all. Of a single node two of its udp and two ways through a
 * firewall. Of two nodes the first's udp and its best way through a firewall (tls, else tcp), the second's udp, and the
 * second's way through a firewall where the first has none as good: nobody shall lose one because another node joined.
 * No `stun:` beside a TURN udp URL: it would yield the same candidate.
 */
export function pickUrls (nodes: ReadonlyArray<readonly string[]>): string[][] {
  const [first, second] = nodes.map(sortUrls)
  if (!first) return []
  const firewalls = [...first.tls, ...first.tcp]
  if (!second) return [[...first.udp.slice(0, 2), ...firewalls.slice(0, 2)]]
  const others = [...second.tls, ...second.tcp]
  const better = first.tls.length > 0 ? [] : first.tcp.length > 0 ? second.tls : others
  const beside = [...second.udp.slice(0, 1), ...better.slice(0, 1)]
  return [[...first.udp.slice(0, 1), ...firewalls].slice(0, 2), beside.length > 0 ? beside : others.slice(0, 1)]
}

function sortUrls (urls: readonly string[]) {
  const tls = urls.filter(url => url.startsWith('turns:'))
  const tcp = urls.filter(url => url.startsWith('turn:') && url.endsWith('?transport=tcp'))
  const udp = urls.filter(url => !tls.includes(url) && !tcp.includes(url))
  return { udp, tls, tcp }
}
