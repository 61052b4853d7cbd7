/** What is around every page. */
import type { Body, Frame } from './frame.ts'
import type { Language } from './locale.ts'

export function Layout(props: { frame: Frame; language: Language; body: Body; own: string | undefined }) {
  const { frame, language, body, own } = props
  const { brand, texts, url, logo, extraStyle } = frame
  const sheet = body.wide ? 'sheet wide' : 'sheet'
  return (
    <html lang={language.tag}>
      <head>
        <meta charset="utf-8" />
        <title>{`${body.title} · ${brand.productName}`}</title>
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <meta name="robots" content="noindex" />
        <link rel="icon" href={url(logo)} />
        <link rel="stylesheet" href={url('style.css')} />
        {extraStyle && <link rel="stylesheet" href={url(extraStyle)} />}
        {body.scripts?.map((script) => (
          <script src={url(script)} defer />
        ))}
      </head>
      <body>
        <a class="skip" href="#content">
          {texts.layout.skip}
        </a>
        <header class="masthead">
          <img src={url(logo)} alt="" width="40" height="40" />
          <span>{brand.productName}</span>
        </header>
        {own === undefined ? (
          <main id="content" class={sheet} tabindex={-1}>
            {body.content}
          </main>
        ) : (
          <main id="content" class={sheet} tabindex={-1} dangerouslySetInnerHTML={{ __html: own }} />
        )}
        {brand.links.length > 0 && (
          <footer>
            <ul>
              {brand.links.map(({ text, url: target }) => (
                <li>
                  <a href={target}>{text}</a>
                </li>
              ))}
            </ul>
          </footer>
        )}
      </body>
    </html>
  )
}
