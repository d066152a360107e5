import { expect, test } from 'vitest'
import { parseXml } from '../../src/text/xml.ts'
import { type XPathNode, compileXPath } from '../../src/text/xpath.ts'

const document = parseXml('<shop xmlns:o="urn:o"><book id="1" lang="en"><title>A tale</title><price>12.5</price></book><book id="2"><title>B</title><price>7</price></book><o:note>n</o:note><!-- c --></shop>')
const show = (node: XPathNode): string => (node.kind === 'element' ? `${node.name}${node.attributes.get('id') ?? ''}` : node.kind === 'attribute' ? `@${node.name}=${node.text}` : node.kind === 'document' ? '/' : node.text)
const ask = (xpath: string) => {
  const found = compileXPath(xpath, { x: 'urn:o' })(document)
  return typeof found === 'object' ? found.map(show).join(' ') : found
}

test.each<[string, string | number | boolean]>([
  ['/', '/'], ['/shop/book', 'book1 book2'], ['//book[2]', 'book2'], ['//book[last()]/title', 'title'], ['//book[@lang]', 'book1'], ["//book[@id='2']/@id", '@id=2'], ['//price[. > 10]/..', 'book1'],
  ["//book[title='B' and not(@lang)]", 'book2'], ["//book[contains(title, 'tale')]/title/text()", 'A tale'], ['count(//book)', 2], ['sum(//price)', 19.5], ['//x:note', 'o:note'], ['//x:*', 'o:note'], ['//note', ''],
  ['//title | //price', 'title price title price'], ['//book[2]/preceding-sibling::book', 'book1'], ["string(//book[1]/@lang)", 'en'], ["starts-with(//title, 'A')", true], ['//book[position() < 2]', 'book1'], ['//comment()', ' c '],
  ['(//title)[2]', 'title'], ['7 mod 4 - 1', 2], ["normalize-space(' a  b ')", 'a b'], ["substring('12345', 2, 3)", '234'], ["translate('bar', 'abc', 'AB')", 'BAr'], ['/shop/*[self::book][1]', 'book1'],
])('%s', (xpath, answer) => expect(ask(xpath)).toBe(answer))

test.each(['/a[', '//y:b', 'nothing()', '/a/', 'a b'])('%s is refused', (xpath) => expect(() => ask(xpath)).toThrow(/Invalid|Unregistered|Undefined/))
