import type { App } from '../domain/app.ts'
import type { AppReply, ChangeApp, SetUserJwt } from './admin-schemas.ts'
import { problems } from './problems.ts'

/** What was asked for over what there is; nested settings are changed one by one. */
export function changeApp (app: App, { userJwt, ...change }: ChangeApp, sealSecret: (text: string) => string): App {
  return {
    ...app,
    ...change,
    requestsPerMinute: { ...app.requestsPerMinute, ...change.requestsPerMinute },
    relayCaps: { ...app.relayCaps, ...change.relayCaps },
    ...userJwt === undefined ? {} : { userJwt: userJwt && setUserJwt(app.id, userJwt, sealSecret) }
  }
}

function setUserJwt (app: string, { issuer, audience = app, secret, jwksUrl }: SetUserJwt, sealSecret: (text: string) => string): App['userJwt'] {
  if ((secret === undefined) === (jwksUrl === undefined)) throw problems.eitherSecretOrKeySet()
  if (jwksUrl !== undefined && !URL.canParse(jwksUrl)) throw problems.noKeySetUrl()
  return { issuer, audience, jwksUrl: jwksUrl ?? null, sealedSecret: secret === undefined ? null : sealSecret(secret) }
}

/** @throws Problem audience_taken: a token names its app by both together */
export function checkAudience (apps: Iterable<App>, { id, userJwt }: App): void {
  if (!userJwt) return
  for (const other of apps) {
    if (other.id !== id && other.userJwt?.issuer === userJwt.issuer && other.userJwt.audience === userJwt.audience) throw problems.audienceTaken(other.id)
  }
}

/** As the admin API and the audit show it: without the secret. */
export function showApp (app: App): AppReply {
  if (!app.userJwt) return { ...app, userJwt: null }
  const { sealedSecret, ...shown } = app.userJwt
  return { ...app, userJwt: { ...shown, hasSecret: sealedSecret !== null } }
}
