/* IMPORTANT
 * This snapshot file is auto-generated, but designed for humans.
 * It should be checked into source control and tracked carefully.
 * Re-generate by setting TAP_SNAPSHOT=1 and running tests.
 * Make sure to inspect the output below.  Do not ignore changes!
 */
'use strict'
exports[`test/unit/policy/explain.test.ts > TAP > every failure a prober can find says what to do > must match snapshot 1`] = `
Array [
  "1 of 1 prober cannot set up TLS with turns:a:443?transport=tcp (unresolved): mend the DNS record of its host",
  "1 of 1 prober cannot set up TLS with turns:a:443?transport=tcp (unreachable): look at the routes and firewalls on the way to it",
  "1 of 1 prober cannot set up TLS with turns:a:443?transport=tcp (refused): nothing listens there: look whether coturn runs, and at this port",
  "1 of 1 prober cannot set up TLS with turns:a:443?transport=tcp (closed): something on the way closes connections: look at the log of coturn and at what stands before it",
  "1 of 1 prober cannot set up TLS with turns:a:443?transport=tcp (timeout): open its firewall for this port, and look whether coturn hangs",
  "1 of 1 prober cannot set up TLS with turns:a:443?transport=tcp (certificate expired): renew the certificate in SPILLWAY_COTURN_TLS_CERT",
  "1 of 1 prober cannot set up TLS with turns:a:443?transport=tcp (certificate untrusted): serve the whole chain in SPILLWAY_COTURN_TLS_CERT, for the name in the URL",
  "1 of 1 prober cannot set up TLS with turns:a:443?transport=tcp (tls failed): look at SPILLWAY_COTURN_TLS_CERT and SPILLWAY_COTURN_TLS_KEY, and at the log of coturn",
  "1 of 1 prober cannot set up TLS with turns:a:443?transport=tcp (unauthorized): coturn does not know the secret: look at the Redis beside it and at the log of its relay-agent",
  "1 of 1 prober cannot set up TLS with turns:a:443?transport=tcp (quota): raise SPILLWAY_NODE_MAX_ALLOCATIONS, or wait for sessions to end",
  "1 of 1 prober cannot set up TLS with turns:a:443?transport=tcp (no ports): widen SPILLWAY_COTURN_MIN_PORT to SPILLWAY_COTURN_MAX_PORT, or wait for sessions to end",
  "1 of 1 prober cannot set up TLS with turns:a:443?transport=tcp (forbidden): look at the peers it may reach (SPILLWAY_NODE_ALLOWED_PEERS) and at the log of coturn",
  "1 of 1 prober cannot set up TLS with turns:a:443?transport=tcp (stun error): look at the log of coturn",
  "1 of 1 prober cannot set up TLS with turns:a:443?transport=tcp (loss): packets are lost on the way: look at the load of the machine and of its network",
]
`

exports[`test/unit/policy/explain.test.ts > TAP > every failure a prober can find says what to do > must match snapshot 2`] = `
Array [
  "2 of 3 probers cannot find the address of turn:a:3478?transport=udp (500 stun error): look at the log of coturn",
  "2 of 3 probers cannot connect to turn:a:3478?transport=udp (500 stun error): look at the log of coturn",
  "2 of 3 probers cannot set up TLS with turn:a:3478?transport=udp (500 stun error): look at the log of coturn",
  "2 of 3 probers cannot get a STUN answer from turn:a:3478?transport=udp (500 stun error): look at the log of coturn",
  "2 of 3 probers cannot allocate on turn:a:3478?transport=udp (500 stun error): look at the log of coturn",
  "2 of 3 probers cannot get a permission on turn:a:3478?transport=udp (500 stun error): look at the log of coturn",
  "2 of 3 probers cannot get bytes through turn:a:3478?transport=udp (500 stun error): look at the log of coturn",
]
`

exports[`test/unit/policy/explain.test.ts > TAP > ten situations and more, as an operator is told of them > a clock five minutes ahead 1`] = `
Object {
  "clientRegion": Object {
    "region": null,
    "source": "none",
  },
  "nodes": Array [
    "eu-2 up chosen: ",
    "eu-1 up chosen: clock_skew",
    "us-1 up outranked: ",
  ],
  "plan": Array [
    "coturn healthy  eu-2,eu-1",
    "cloudflare fallback after_fleet",
    "static fallback after_fleet",
    "stun last_resort after_fleet",
  ],
  "sentences": Array [
    "eu-2 would serve this, with eu-1 beside it.",
    "eu-2 comes before eu-1: this user has drawn it, by weight, capacity, room left and slow start.",
    "Should that fail: cloudflare, then static, then stun.",
    "eu-1 serves, but its clock is 300 s ahead, so credentials end early there: have NTP set it.",
    "us-1 could serve as well, but two nodes are enough and it came behind in the draw.",
  ],
  "skipped": Array [],
  "stale": false,
}
`

exports[`test/unit/policy/explain.test.ts > TAP > ten situations and more, as an operator is told of them > a node that is new 1`] = `
Object {
  "clientRegion": Object {
    "region": null,
    "source": "none",
  },
  "nodes": Array [
    "eu-2 up chosen: ",
    "eu-1 up chosen: ",
    "us-1 up outranked: not_probed,slow_start",
  ],
  "plan": Array [
    "coturn healthy  eu-2,eu-1",
    "cloudflare fallback after_fleet",
    "static fallback after_fleet",
    "stun last_resort after_fleet",
  ],
  "sentences": Array [
    "eu-2 would serve this, with eu-1 beside it.",
    "eu-2 comes before eu-1: this user has drawn it, by weight, capacity, room left and slow start.",
    "Should that fail: cloudflare, then static, then stun.",
    "us-1 could serve as well, but two nodes are enough and it came behind in the draw; no prober has a vote on it yet, prober-1, prober-2, prober-3 will within seconds: nothing to do; it is new or healed and gets 10 % of its share so far: nothing to do, it grows by itself.",
  ],
  "skipped": Array [],
  "stale": false,
}
`

exports[`test/unit/policy/explain.test.ts > TAP > ten situations and more, as an operator is told of them > a region a proxy hints at 1`] = `
Object {
  "clientRegion": Object {
    "region": "eu",
    "source": "header",
  },
  "nodes": Array [
    "eu-2 up chosen: ",
    "eu-1 up chosen: ",
    "us-1 up outranked: ",
  ],
  "plan": Array [
    "coturn healthy in_region eu-2,eu-1",
    "cloudflare fallback after_fleet",
    "static fallback after_fleet",
    "stun last_resort after_fleet",
  ],
  "sentences": Array [
    "eu-2 would serve this, with eu-1 beside it.",
    "eu-2 comes before eu-1: this user has drawn it, by weight, capacity, room left and slow start.",
    "Should that fail: cloudflare, then static, then stun.",
    "The client is taken to be in eu, as a trusted proxy says.",
    "us-1 could serve as well, but two nodes are enough and it is farther away.",
  ],
  "skipped": Array [],
  "stale": false,
}
`

exports[`test/unit/policy/explain.test.ts > TAP > ten situations and more, as an operator is told of them > a region asked for, whose neighbour serves 1`] = `
Object {
  "clientRegion": Object {
    "region": "ap",
    "source": "request",
  },
  "nodes": Array [
    "us-1 up chosen: ",
    "eu-2 up chosen: ",
    "eu-1 up outranked: ",
  ],
  "plan": Array [
    "coturn healthy neighbour_region us-1,eu-2",
    "cloudflare fallback after_fleet",
    "static fallback after_fleet",
    "stun last_resort after_fleet",
  ],
  "sentences": Array [
    "us-1 would serve this, with eu-2 beside it.",
    "us-1 comes before eu-2: eu-2 is farther away.",
    "Should that fail: cloudflare, then static, then stun.",
    "The client is taken to be in ap, as the request says; no node there can serve as well, so its neighbour us does.",
    "eu-1 could serve as well, but two nodes are enough and it came behind in the draw.",
  ],
  "skipped": Array [],
  "stale": false,
}
`

exports[`test/unit/policy/explain.test.ts > TAP > ten situations and more, as an operator is told of them > all full 1`] = `
Object {
  "clientRegion": Object {
    "region": null,
    "source": "none",
  },
  "nodes": Array [
    "eu-2 up full: saturated",
    "eu-1 up full: saturated",
    "us-1 up full: saturated",
  ],
  "plan": Array [
    "cloudflare fallback fleet_full",
    "static fallback fleet_full",
    "coturn no_room  eu-2,eu-1",
    "stun last_resort fleet_full",
  ],
  "sentences": Array [
    "cloudflare would serve this: no node has room for one more.",
    "Should that fail: static, then coturn, then stun.",
    "eu-2 has no room for one more: beside what runs, what new allocations are expected to bring and what was promised, -10 Mbit/s and 3800 allocations are left; it is saturated, 99 % of what it may carry: add a node, or raise SPILLWAY_NODE_CAPACITY_MBPS or SPILLWAY_NODE_MAX_ALLOCATIONS if the machine can do more.",
    "eu-1 has no room for one more: beside what runs, what new allocations are expected to bring and what was promised, -10 Mbit/s and 3800 allocations are left; it is saturated, 99 % of what it may carry: add a node, or raise SPILLWAY_NODE_CAPACITY_MBPS or SPILLWAY_NODE_MAX_ALLOCATIONS if the machine can do more.",
    "us-1 has no room for one more: beside what runs, what new allocations are expected to bring and what was promised, -10 Mbit/s and 3800 allocations are left; it is saturated, 99 % of what it may carry: add a node, or raise SPILLWAY_NODE_CAPACITY_MBPS or SPILLWAY_NODE_MAX_ALLOCATIONS if the machine can do more.",
  ],
  "skipped": Array [],
  "stale": false,
}
`

exports[`test/unit/policy/explain.test.ts > TAP > ten situations and more, as an operator is told of them > all saturated 1`] = `
Object {
  "clientRegion": Object {
    "region": "eu",
    "source": "request",
  },
  "nodes": Array [
    "eu-2 up chosen: saturated",
    "eu-1 up chosen: saturated",
    "us-1 up outranked: saturated",
  ],
  "plan": Array [
    "coturn saturated in_region eu-2,eu-1",
    "cloudflare fallback after_fleet",
    "static fallback after_fleet",
    "stun last_resort after_fleet",
  ],
  "sentences": Array [
    "eu-2 would serve this, with eu-1 beside it, though every node with room is saturated: it serves as long as it has room.",
    "eu-2 comes before eu-1: this user has drawn it, by weight, capacity, room left and slow start.",
    "Should that fail: cloudflare, then static, then stun.",
    "The client is taken to be in eu, as the request says.",
    "eu-2 serves, but it is saturated, 94 % of what it may carry: add a node, or raise SPILLWAY_NODE_CAPACITY_MBPS or SPILLWAY_NODE_MAX_ALLOCATIONS if the machine can do more.",
    "eu-1 serves, but it is saturated, 94 % of what it may carry: add a node, or raise SPILLWAY_NODE_CAPACITY_MBPS or SPILLWAY_NODE_MAX_ALLOCATIONS if the machine can do more.",
    "us-1 could serve as well, but two nodes are enough and it is farther away; it is saturated, 94 % of what it may carry: add a node, or raise SPILLWAY_NODE_CAPACITY_MBPS or SPILLWAY_NODE_MAX_ALLOCATIONS if the machine can do more.",
  ],
  "skipped": Array [],
  "stale": false,
}
`

exports[`test/unit/policy/explain.test.ts > TAP > ten situations and more, as an operator is told of them > all well 1`] = `
Object {
  "clientRegion": Object {
    "region": null,
    "source": "none",
  },
  "nodes": Array [
    "eu-2 up chosen: ",
    "eu-1 up chosen: ",
    "us-1 up outranked: ",
  ],
  "plan": Array [
    "coturn healthy  eu-2,eu-1",
    "cloudflare fallback after_fleet",
    "static fallback after_fleet",
    "stun last_resort after_fleet",
  ],
  "sentences": Array [
    "eu-2 would serve this, with eu-1 beside it.",
    "eu-2 comes before eu-1: this user has drawn it, by weight, capacity, room left and slow start.",
    "Should that fail: cloudflare, then static, then stun.",
    "us-1 could serve as well, but two nodes are enough and it came behind in the draw.",
  ],
  "skipped": Array [],
  "stale": false,
}
`

exports[`test/unit/policy/explain.test.ts > TAP > ten situations and more, as an operator is told of them > all well, a room 1`] = `
Object {
  "clientRegion": Object {
    "region": null,
    "source": "none",
  },
  "nodes": Array [
    "us-1 up chosen: ",
    "eu-1 up chosen: ",
    "eu-2 up outranked: ",
  ],
  "plan": Array [
    "coturn healthy room us-1,eu-1",
    "cloudflare fallback after_fleet",
    "static fallback after_fleet",
    "stun last_resort after_fleet",
  ],
  "sentences": Array [
    "us-1 would serve this, with eu-1 beside it.",
    "us-1 comes before eu-1: the room has drawn it, as it will for each of its clients, by weight, capacity and slow start.",
    "Should that fail: cloudflare, then static, then stun.",
    "eu-2 could serve as well, but two nodes are enough and it came behind in the draw.",
  ],
  "skipped": Array [],
  "stale": false,
}
`

exports[`test/unit/policy/explain.test.ts > TAP > ten situations and more, as an operator is told of them > an agent silent, probers content 1`] = `
Object {
  "clientRegion": Object {
    "region": null,
    "source": "none",
  },
  "nodes": Array [
    "eu-2 up chosen: ",
    "eu-1 degraded chosen: agent_silent",
  ],
  "plan": Array [
    "coturn healthy degraded eu-2,eu-1",
    "cloudflare fallback after_fleet",
    "static fallback after_fleet",
    "stun last_resort after_fleet",
  ],
  "sentences": Array [
    "eu-2 would serve this, with eu-1 beside it.",
    "eu-2 comes before eu-1: this user has drawn it, by weight, capacity, room left and slow start.",
    "Should that fail: cloudflare, then static, then stun.",
    "eu-1 serves, but its relay-agent has said nothing for 16 s: look whether it runs and reaches the central Redis.",
  ],
  "skipped": Array [],
  "stale": false,
}
`

exports[`test/unit/policy/explain.test.ts > TAP > ten situations and more, as an operator is told of them > an app kept to its region 1`] = `
Object {
  "clientRegion": Object {
    "region": null,
    "source": "none",
  },
  "nodes": Array [
    "us-1 up chosen: ",
    "eu-1 up region_not_allowed: ",
    "eu-2 up region_not_allowed: ",
  ],
  "plan": Array [
    "coturn healthy  us-1",
    "cloudflare fallback after_fleet",
    "static fallback after_fleet",
    "stun last_resort after_fleet",
  ],
  "sentences": Array [
    "us-1 would serve this.",
    "Should that fail: cloudflare, then static, then stun.",
    "eu-1 is left out: it is in eu, where the app may not be relayed (its regions).",
    "eu-2 is left out: it is in eu, where the app may not be relayed (its regions).",
  ],
  "skipped": Array [],
  "stale": false,
}
`

exports[`test/unit/policy/explain.test.ts > TAP > ten situations and more, as an operator is told of them > another provider first 1`] = `
Object {
  "clientRegion": Object {
    "region": null,
    "source": "none",
  },
  "nodes": Array [
    "eu-2 up chosen: ",
    "eu-1 up chosen: ",
    "us-1 up outranked: ",
  ],
  "plan": Array [
    "static fallback",
    "coturn healthy  eu-2,eu-1",
  ],
  "sentences": Array [
    "static would serve this: it comes first in SPILLWAY_PROVIDER_ORDER.",
    "Should that fail: coturn.",
    "us-1 could serve as well, but two nodes are enough and it came behind in the draw.",
  ],
  "skipped": Array [],
  "stale": false,
}
`

exports[`test/unit/policy/explain.test.ts > TAP > ten situations and more, as an operator is told of them > coturn dead, agent alive 1`] = `
Object {
  "clientRegion": Object {
    "region": null,
    "source": "none",
  },
  "nodes": Array [
    "eu-2 up chosen: ",
    "us-1 up chosen: ",
    "eu-1 down down: coturn_silent,not_probed",
  ],
  "plan": Array [
    "coturn healthy  eu-2,us-1",
    "cloudflare fallback after_fleet",
    "static fallback after_fleet",
    "stun last_resort after_fleet",
  ],
  "sentences": Array [
    "eu-2 would serve this, with us-1 beside it.",
    "eu-2 comes before us-1: this user has drawn it, by weight, capacity, room left and slow start.",
    "Should that fail: cloudflare, then static, then stun.",
    "eu-1 is left out: its relay-agent says that coturn does not answer: look at the log of coturn, and start it by infra/coturn/launch; no prober has a vote on it: start one.",
  ],
  "skipped": Array [],
  "stale": false,
}
`

exports[`test/unit/policy/explain.test.ts > TAP > ten situations and more, as an operator is told of them > down by votes 1`] = `
Object {
  "clientRegion": Object {
    "region": null,
    "source": "none",
  },
  "nodes": Array [
    "eu-1 up chosen: ",
    "us-1 up chosen: ",
    "eu-2 down down: url_bad,url_bad,url_bad",
  ],
  "plan": Array [
    "coturn healthy  eu-1,us-1",
    "cloudflare fallback after_fleet",
    "static fallback after_fleet",
    "stun last_resort after_fleet",
  ],
  "sentences": Array [
    "eu-1 would serve this, with us-1 beside it.",
    "eu-1 comes before us-1: this user has drawn it, by weight, capacity, room left and slow start.",
    "Should that fail: cloudflare, then static, then stun.",
    "eu-2 is left out: 3 of 3 probers cannot get a STUN answer from turn:eu-2.example.org:3478?transport=udp or turns:eu-2.example.org:443?transport=tcp or turn:eu-2.example.org:3478?transport=tcp (timeout): open its firewall for this port, and look whether coturn hangs.",
  ],
  "skipped": Array [],
  "stale": false,
}
`

exports[`test/unit/policy/explain.test.ts > TAP > ten situations and more, as an operator is told of them > drain 1`] = `
Object {
  "clientRegion": Object {
    "region": null,
    "source": "none",
  },
  "nodes": Array [
    "eu-2 up chosen: ",
    "us-1 up chosen: ",
    "eu-1 draining draining: draining",
  ],
  "plan": Array [
    "coturn healthy  eu-2,us-1",
    "cloudflare fallback after_fleet",
    "static fallback after_fleet",
    "stun last_resort after_fleet",
  ],
  "sentences": Array [
    "eu-2 would serve this, with us-1 beside it.",
    "eu-2 comes before us-1: this user has drawn it, by weight, capacity, room left and slow start.",
    "Should that fail: cloudflare, then static, then stun.",
    "eu-1 is left out: it has been draining since 2026-11-24T09:00:00.000Z: end the drain to have it back.",
  ],
  "skipped": Array [],
  "stale": false,
}
`

exports[`test/unit/policy/explain.test.ts > TAP > ten situations and more, as an operator is told of them > no node at all, paid spill off 1`] = `
Object {
  "clientRegion": Object {
    "region": null,
    "source": "none",
  },
  "nodes": Array [],
  "plan": Array [
    "static fallback no_node",
    "stun last_resort no_node",
  ],
  "sentences": Array [
    "static would serve this: there is no node.",
    "Should that fail: stun.",
    "cloudflare is not tried: the app has paidSpill false.",
  ],
  "skipped": Array [
    Object {
      "provider": "coturn",
      "reason": "no_node",
    },
    Object {
      "provider": "cloudflare",
      "reason": "paid_spill_off",
    },
  ],
  "stale": false,
}
`

exports[`test/unit/policy/explain.test.ts > TAP > ten situations and more, as an operator is told of them > nodes that are not ready 1`] = `
Object {
  "clientRegion": Object {
    "region": null,
    "source": "none",
  },
  "nodes": Array [
    "eu-1 unready unready: no_agent",
    "eu-2 unready unready: no_generation",
    "us-1 unready unready: no_url",
  ],
  "plan": Array [],
  "sentences": Array [
    "Nobody can serve this: it would be answered 503 no_provider. Put stun at the end of SPILLWAY_PROVIDER_ORDER, so that clients get at least that.",
    "eu-1 is left out: its relay-agent has never spoken: start it, with the key that PUT /admin/v1/nodes/{id} answers.",
    "eu-2 is left out: it has confirmed no secret that is wanted of it: look at the log of its relay-agent and at the Redis beside it.",
    "us-1 is left out: it advertises no URL a browser takes: set SPILLWAY_NODE_PUBLIC_URLS.",
  ],
  "skipped": Array [
    Object {
      "provider": "coturn",
      "reason": "no_node",
    },
  ],
  "stale": false,
}
`

exports[`test/unit/policy/explain.test.ts > TAP > ten situations and more, as an operator is told of them > nothing known 1`] = `
Object {
  "clientRegion": Object {
    "region": null,
    "source": "none",
  },
  "nodes": Array [
    "eu-2 unknown chosen: agent_silent,not_probed",
    "eu-1 unknown chosen: agent_silent,not_probed",
    "us-1 unknown outranked: agent_silent,not_probed",
  ],
  "plan": Array [
    "coturn unsure  eu-2,eu-1",
    "cloudflare fallback after_fleet",
    "static fallback after_fleet",
    "stun last_resort after_fleet",
  ],
  "sentences": Array [
    "eu-2 would serve this, with eu-1 beside it, though nothing is known of how it is: no node is known to be well.",
    "eu-2 comes before eu-1: this user has drawn it, by weight, capacity, room left and slow start.",
    "Should that fail: cloudflare, then static, then stun.",
    "eu-2 serves, but its relay-agent has said nothing for 16 s: look whether it runs and reaches the central Redis; no prober has a vote on it: start one.",
    "eu-1 serves, but its relay-agent has said nothing for 16 s: look whether it runs and reaches the central Redis; no prober has a vote on it: start one.",
    "us-1 could serve as well, but two nodes are enough and it came behind in the draw; its relay-agent has said nothing for 16 s: look whether it runs and reaches the central Redis; no prober has a vote on it: start one.",
  ],
  "skipped": Array [],
  "stale": false,
}
`

exports[`test/unit/policy/explain.test.ts > TAP > ten situations and more, as an operator is told of them > one saturated 1`] = `
Object {
  "clientRegion": Object {
    "region": null,
    "source": "none",
  },
  "nodes": Array [
    "eu-2 up chosen: ",
    "us-1 up chosen: ",
    "eu-1 up outranked: saturated",
  ],
  "plan": Array [
    "coturn healthy  eu-2,us-1",
    "cloudflare fallback after_fleet",
    "static fallback after_fleet",
    "stun last_resort after_fleet",
  ],
  "sentences": Array [
    "eu-2 would serve this, with us-1 beside it.",
    "eu-2 comes before us-1: this user has drawn it, by weight, capacity, room left and slow start.",
    "Should that fail: cloudflare, then static, then stun.",
    "eu-1 could serve as well, but two nodes are enough; it is saturated, 94 % of what it may carry: add a node, or raise SPILLWAY_NODE_CAPACITY_MBPS or SPILLWAY_NODE_MAX_ALLOCATIONS if the machine can do more.",
  ],
  "skipped": Array [],
  "stale": false,
}
`

exports[`test/unit/policy/explain.test.ts > TAP > ten situations and more, as an operator is told of them > probers cut off 1`] = `
Object {
  "clientRegion": Object {
    "region": null,
    "source": "none",
  },
  "nodes": Array [
    "eu-2 up chosen: not_probed",
    "eu-1 up chosen: not_probed",
    "us-1 up outranked: not_probed",
  ],
  "plan": Array [
    "coturn healthy  eu-2,eu-1",
    "cloudflare fallback after_fleet",
    "static fallback after_fleet",
    "stun last_resort after_fleet",
  ],
  "sentences": Array [
    "eu-2 would serve this, with eu-1 beside it.",
    "eu-2 comes before eu-1: this user has drawn it, by weight, capacity, room left and slow start.",
    "Should that fail: cloudflare, then static, then stun.",
    "eu-2 serves, but no prober has a vote on it, nothing at all is reached from prober-1, prober-2, prober-3: look at the probers.",
    "eu-1 serves, but no prober has a vote on it, nothing at all is reached from prober-1, prober-2, prober-3: look at the probers.",
    "us-1 could serve as well, but two nodes are enough and it came behind in the draw; no prober has a vote on it, nothing at all is reached from prober-1, prober-2, prober-3: look at the probers.",
  ],
  "skipped": Array [],
  "stale": false,
}
`

exports[`test/unit/policy/explain.test.ts > TAP > ten situations and more, as an operator is told of them > probers dead 1`] = `
Object {
  "clientRegion": Object {
    "region": null,
    "source": "none",
  },
  "nodes": Array [
    "eu-2 up chosen: not_probed",
    "eu-1 up chosen: not_probed",
    "us-1 up outranked: not_probed",
  ],
  "plan": Array [
    "coturn healthy  eu-2,eu-1",
    "cloudflare fallback after_fleet",
    "static fallback after_fleet",
    "stun last_resort after_fleet",
  ],
  "sentences": Array [
    "eu-2 would serve this, with eu-1 beside it.",
    "eu-2 comes before eu-1: this user has drawn it, by weight, capacity, room left and slow start.",
    "Should that fail: cloudflare, then static, then stun.",
    "eu-2 serves, but no prober has a vote on it, nothing new comes from prober-1, prober-2, prober-3: look at the probers.",
    "eu-1 serves, but no prober has a vote on it, nothing new comes from prober-1, prober-2, prober-3: look at the probers.",
    "us-1 could serve as well, but two nodes are enough and it came behind in the draw; no prober has a vote on it, nothing new comes from prober-1, prober-2, prober-3: look at the probers.",
  ],
  "skipped": Array [],
  "stale": false,
}
`

exports[`test/unit/policy/explain.test.ts > TAP > ten situations and more, as an operator is told of them > Redis away 1`] = `
Object {
  "clientRegion": Object {
    "region": null,
    "source": "none",
  },
  "nodes": Array [
    "eu-2 up chosen: ",
    "eu-1 up chosen: ",
    "us-1 up outranked: ",
  ],
  "plan": Array [
    "coturn healthy  eu-2,eu-1",
    "cloudflare fallback after_fleet",
    "static fallback after_fleet",
    "stun last_resort after_fleet",
  ],
  "sentences": Array [
    "Since 2026-11-24T09:00:01.000Z the central Redis cannot be read: bring it back. Until then this is decided on what was last read, and nothing changes.",
    "eu-2 would serve this, with eu-1 beside it.",
    "eu-2 comes before eu-1: this user has drawn it, by weight, capacity, room left and slow start.",
    "Should that fail: cloudflare, then static, then stun.",
    "us-1 could serve as well, but two nodes are enough and it came behind in the draw.",
  ],
  "skipped": Array [],
  "stale": true,
}
`

exports[`test/unit/policy/explain.test.ts > TAP > ten situations and more, as an operator is told of them > Redis emptied 1`] = `
Object {
  "clientRegion": Object {
    "region": null,
    "source": "none",
  },
  "nodes": Array [
    "eu-2 up chosen: ",
    "eu-1 up chosen: ",
    "us-1 up outranked: ",
  ],
  "plan": Array [
    "coturn healthy  eu-2,eu-1",
    "cloudflare fallback after_fleet",
    "static fallback after_fleet",
    "stun last_resort after_fleet",
  ],
  "sentences": Array [
    "Since 2026-11-24T09:00:01.000Z the central Redis answers, but the fleet it held is gone: restore its data, or start the control planes anew if it shall be empty. Until then this is decided on what was last read.",
    "eu-2 would serve this, with eu-1 beside it.",
    "eu-2 comes before eu-1: this user has drawn it, by weight, capacity, room left and slow start.",
    "Should that fail: cloudflare, then static, then stun.",
    "us-1 could serve as well, but two nodes are enough and it came behind in the draw.",
  ],
  "skipped": Array [],
  "stale": true,
}
`

exports[`test/unit/policy/explain.test.ts > TAP > ten situations and more, as an operator is told of them > the CLI of coturn hangs, probers content 1`] = `
Object {
  "clientRegion": Object {
    "region": null,
    "source": "none",
  },
  "nodes": Array [
    "eu-2 up chosen: ",
    "us-1 up chosen: ",
    "eu-1 degraded outranked: coturn_silent,slow_start",
  ],
  "plan": Array [
    "coturn healthy  eu-2,us-1",
    "cloudflare fallback after_fleet",
    "static fallback after_fleet",
    "stun last_resort after_fleet",
  ],
  "sentences": Array [
    "eu-2 would serve this, with us-1 beside it.",
    "eu-2 comes before us-1: this user has drawn it, by weight, capacity, room left and slow start.",
    "Should that fail: cloudflare, then static, then stun.",
    "eu-1 could serve as well, but two nodes are enough and it came behind in the draw; its relay-agent says that coturn does not answer: look at the log of coturn, and start it by infra/coturn/launch; it is new or healed and gets 10 % of its share so far: nothing to do, it grows by itself.",
  ],
  "skipped": Array [],
  "stale": false,
}
`

exports[`test/unit/policy/explain.test.ts > TAP > ten situations and more, as an operator is told of them > udp bad on one 1`] = `
Object {
  "clientRegion": Object {
    "region": null,
    "source": "none",
  },
  "nodes": Array [
    "eu-2 up chosen: ",
    "eu-1 degraded chosen: url_bad",
    "us-1 up outranked: ",
  ],
  "plan": Array [
    "coturn healthy degraded eu-2,eu-1",
    "cloudflare fallback after_fleet",
    "static fallback after_fleet",
    "stun last_resort after_fleet",
  ],
  "sentences": Array [
    "eu-2 would serve this, with eu-1 beside it.",
    "eu-2 comes before eu-1: this user has drawn it, by weight, capacity, room left and slow start.",
    "Should that fail: cloudflare, then static, then stun.",
    "eu-1 serves, but 3 of 3 probers cannot allocate on turn:eu-1.example.org:3478?transport=udp (486 quota): raise SPILLWAY_NODE_MAX_ALLOCATIONS, or wait for sessions to end.",
    "us-1 could serve as well, but two nodes are enough and it came behind in the draw.",
  ],
  "skipped": Array [],
  "stale": false,
}
`
