import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { BASE, describeSlapd, SERVICE, type Slapd, startSlapd } from '../harness/slapd.ts'
import { openLdap, outcome, searching, verify } from './source.ts'

describeSlapd('people of an OpenLDAP server', () => {
  let slapd: Slapd
  beforeAll(async () => {
    slapd = await startSlapd()
  })
  afterAll(() => slapd?.[Symbol.asyncDispose]())
  const open = (more = {}) => openLdap(searching(slapd, more))

  test('come with what the directory says of them', async () => {
    await using source = await open()
    expect(await verify(source, 'ALICE', 'alice secret')).toEqual({
      ok: true,
      identity: {
        externalId: expect.stringMatching(/^[0-9a-f-]{36}$/),
        username: 'alice',
        displayName: 'Alice Example',
        email: 'alice@corp.example',
        emailVerified: true,
        claims: { given_name: 'Alice', family_name: 'Alice', phone_number: '+1 555 0100', locale: 'en' },
        groups: ['allowed_to_login', 'API_PERM_READ', 'API_PERM_WRITE', 'other'],
        amr: ['pwd'],
      },
    })
  })

  test.each([
    ['alice@corp.example', 'alice secret', 'alice'],
    ['jürgen', 'jürgen secret', 'jürgen'],
    ['obrien', 'obrien secret', 'obrien'],
  ])('are found by name or mail, whatever characters are in their DN: %s', async (typed, password, username) => {
    await using source = await open()
    expect(await verify(source, typed, password)).toMatchObject({ ok: true, identity: { username } })
  })

  test('are refused for one reason to them, told apart for the operator', async () => {
    await using source = await open()
    expect(await verify(source, 'alice', 'wrong')).toMatchObject({ ok: false, why: 'credentials' })
    expect(await verify(source, 'ghost', 'wrong')).toMatchObject({ why: 'credentials', detail: 'no such entry' })
    expect(await verify(source, 'twin', 'twin secret')).toMatchObject({
      why: 'credentials',
      detail: 'several entries match',
    })
    expect(await outcome(source, 'locked')).toBe('locked')
    expect(await outcome(source, 'must')).toBe('expired')
    for (let attempt = 0; attempt < 3; attempt += 1) await verify(source, 'n0', 'wrong')
    expect(await outcome(source, 'n0')).toBe('locked')
  })

  test('say as much whether the account is there or not: the same steps', async () => {
    await using source = await open()
    const steps = async (username: string) => {
      const seen: string[] = []
      const report = ({ step }: { readonly step: string }) => void seen.push(step.split(' ')[0] ?? '')
      await source.diagnose?.({ username, password: 'wrong', signal: new AbortController().signal, report })
      return seen
    }
    expect(await steps('ghost')).toEqual(await steps('n1'))
  })

  test.each(['', 'x'.repeat(2_000), 'a\0b'])('never log in with a password that is none: %j', async (password) => {
    await using source = await open()
    expect(await verify(source, 'alice', password)).toMatchObject({ ok: false, why: 'credentials' })
  })

  describe('whose DN is made from a template', () => {
    const template = { bindDn: undefined, bindPassword: undefined, userDnTemplate: `cn={username},ou=User,${BASE}` }
    const withoutService = () => {
      const { bindDn: _dn, bindPassword: _password, ...section } = searching(slapd, {})
      return openLdap({ ...section, userDnTemplate: template.userDnTemplate })
    }

    test('bind as themselves and read their own entry', async () => {
      await using source = await withoutService()
      expect(await outcome(source, 'Carol', 'carol secret')).toEqual(['API_PERM_READ', 'allowed_to_login', 'staff'])
      expect(await outcome(source, 'O, Brien', 'obrien secret')).toEqual(['allowed_to_login'])
      expect(await outcome(source, 'Carol', 'wrong')).toBe('credentials')
      expect(source.refresh).toBeUndefined()
    })

    test.each([`svc,ou=Service,${BASE}#`, 'Alice,ou=User', 'Alice+uid=alice', '\\2a'])(
      'cannot become another DN: %s',
      async (name) => {
        await using source = await withoutService()
        expect(await outcome(source, name, SERVICE.bindPassword)).toBe('credentials')
        expect(await outcome(source, name, 'alice secret')).toBe('credentials')
      },
    )

    test('are still subject to the filter for people', async () => {
      const { bindDn: _dn, bindPassword: _password, ...section } = searching(slapd, {})
      const userSearch = { filter: '(&(uid={username})(telephoneNumber=*))' }
      await using source = await openLdap({ ...section, userDnTemplate: template.userDnTemplate, userSearch })
      expect(await outcome(source, 'Alice', 'alice secret')).toContain('other')
      expect(await outcome(source, 'Carol', 'carol secret')).toBe('not-allowed')
    })
  })

  describe('in groups', () => {
    const nested = ['API_PERM_READ', 'allowed_to_login', 'staff']

    test.each([
      ['memberof', 'carol', ['staff']],
      ['filter', 'carol', ['staff']],
      ['recursive', 'carol', nested],
      ['none', 'carol', []],
      // OpenLDAP does not know the rule and says nothing.
      ['ad_chain', 'carol', []],
    ])('%s finds those of %s', async (mode, name, expected) => {
      await using source = await open({ groups: { mode } })
      expect(await outcome(source, name)).toEqual(expected)
    })

    test('that contain each other are walked once; more than a page of them are all found', async () => {
      await using source = await open()
      const groups = await outcome(source, 'dave')
      expect(groups).toEqual(expect.arrayContaining(['ring_a', 'ring_b', 'many_0', 'many_119']))
      expect(groups).toHaveLength(122)
    })

    test('are walked as deep as allowed', async () => {
      await using source = await open({ groups: { maxDepth: 1 } })
      expect(await outcome(source, 'carol')).toEqual(['staff'])
    })

    test.each(['memberof', 'filter', 'recursive'])(
      'that must be theirs decide who logs in, by name or DN, and not one of that name elsewhere: %s',
      async (mode) => {
        for (const required of ['Allowed_to_Login', `CN=allowed_to_login, ou=group,${BASE.toUpperCase()}`]) {
          await using source = await open({ groups: { mode, required, baseDn: `ou=Group,${BASE}` } })
          expect(await outcome(source, 'alice')).toContain('allowed_to_login')
          expect(await outcome(source, 'bob')).toBe('not-allowed')
          expect(await outcome(source, 'trudy')).toBe('not-allowed')
        }
      },
    )

    test('of a prefix become ours without it', async () => {
      await using source = await open({ groups: { prefix: 'api_perm' } })
      expect(await outcome(source, 'alice')).toEqual(['READ', 'WRITE'])
      await using kept = await open({ groups: { prefix: 'API_PERM', stripPrefix: false } })
      expect(await outcome(kept, 'alice')).toEqual(['API_PERM_READ', 'API_PERM_WRITE'])
    })

    test('that are mapped have the name they are given; administrators are whom a filter finds', async () => {
      const mappings = [
        { group: `cn=other,ou=Group,${BASE}`, to: 'billing' },
        { group: 'staff', to: 'everybody' },
      ]
      await using source = await open({ groups: { mappings, adminFilter: '(telephoneNumber=*)' } })
      expect(await outcome(source, 'alice')).toEqual(['admin', 'billing'])
      expect(await outcome(source, 'carol')).toEqual(['everybody'])
    })
  })

  test('without a mail address get one that says it was generated, and is not verified', async () => {
    await using source = await open({ emailDomain: 'generated.example' })
    const verdict = await verify(source, 'nomail', 'nomail secret')
    expect(verdict).toMatchObject({ identity: { email: 'generated_nomail@generated.example', emailVerified: false } })
  })

  test('whose entry lacks the id are not let in: the directory is set up wrongly, not they', async () => {
    await using source = await open({ attributes: { id: 'employeeNumber' } })
    expect(await verify(source, 'alice', 'alice secret')).toMatchObject({
      why: 'unavailable',
      detail: expect.stringContaining('employeeNumber'),
    })
  })

  describe('asked for again without a password', () => {
    const again = async (source: Awaited<ReturnType<typeof open>>, externalId: string, username = 'unused') => {
      return source.refresh?.({ externalId, username, signal: new AbortController().signal })
    }
    const idOf = async (source: Awaited<ReturnType<typeof open>>, name: string) => {
      const verdict = await verify(source, name, `${name} secret`)
      if (!verdict.ok) throw new Error(`Cannot log in as ${name}: ${verdict.why}`)
      return verdict.identity.externalId
    }

    test('are found by their id, with what is true by now', async () => {
      await using source = await open()
      const id = await idOf(source, 'n10')
      await slapd.change(`dn: cn=n10,ou=User,${BASE}\nchangetype: modrdn\nnewrdn: cn=renamed\ndeleteoldrdn: 1\n`)
      await slapd.change(`dn: cn=renamed,ou=User,${BASE}\nchangetype: modify\nreplace: uid\nuid: renamed\n`)
      await slapd.change(
        `dn: cn=staff,ou=Group,${BASE}\nchangetype: modify\nadd: member\nmember: cn=renamed,ou=User,${BASE}\n`,
      )
      expect(await again(source, id)).toMatchObject({
        ok: true,
        identity: { username: 'renamed', groups: ['staff', 'allowed_to_login', 'API_PERM_READ'] },
      })
    })

    test('and gone, disabled, out of the required group or out of the filter are refused', async () => {
      await using source = await open()
      const id = await idOf(source, 'n11')
      await using members = await open({ groups: { required: 'staff' } })
      expect(await again(members, id)).toMatchObject({ ok: false, why: 'not-allowed' })
      await using phones = await open({ userSearch: { filter: '(&(uid={username})(telephoneNumber=*))' } })
      expect(await again(phones, id)).toMatchObject({ ok: false, why: 'not-allowed' })
      await slapd.change(`dn: cn=n11,ou=User,${BASE}\nchangetype: modify\nadd: nsAccountLock\nnsAccountLock: TRUE\n`)
      expect(await again(source, id)).toMatchObject({ ok: false, why: 'disabled' })
      await slapd.change(`dn: cn=n11,ou=User,${BASE}\nchangetype: delete\n`)
      expect(await again(source, id)).toMatchObject({ ok: false, why: 'credentials' })
      expect(await again(source, '*')).toMatchObject({ ok: false, why: 'credentials' })
    })
  })
})
