/** Words that people build passwords of, most of them in every list of stolen ones. Chosen by hand; spelling in lower case. */
export const commonWords: readonly string[] = `
password passwort passwd pass passphrase motdepasse contrasena contraseña senha parola wachtwoord haslo heslo secret geheim
admin administrator administrateur root toor superuser sysadmin operator manager owner master guest user username test tester
testing demo sample example default changeme changeit change letmein welcome willkommen bienvenue hello hallo login logon
signin access open opensesame sesame enter please nothing whatever temp temporary public private service system server
computer internet network database oracle mysql postgres sqlserver windows microsoft linux ubuntu debian apple google facebook
amazon samsung iphone android rabbitmq rabbit broker guestguest leveret docker kubernetes jenkins cisco router switch
qwerty qwertz azerty asdf zxcv qaz wsx edc rfv tgb yhn ujm qazwsx wsxedc 1qaz 2wsx 3edc 4rfv 5tgb zaq1 xsw2 cde3 1q2w 3e4r
5t6y 7u8i 9o0p 1q2w3e 1q2w3e4r 1q2w3e4r5t q1w2e3 q1w2e3r4 a1b2c3 a1s2d3 abc123 abcd1234 aa11 qwe asd zxc poiuy lkjhg mnbvc
iloveyou ilove loveyou love lover lovely loveme forever always sweet sweetie sweetheart honey baby babygirl babyboy angel
princess prince queen king kingdom beautiful pretty cutie darling kisses friend friends friendship family mother father
mommy daddy sister brother grandma mylife myself mine only heart smile happy lucky peace freedom hope faith trust trustno1
dream dreams wonder magic star stars starlight sunshine sunset sunrise sunny moon moonlight rainbow summer winter spring autumn
fall snow snowball storm thunder lightning fire flame water ocean river mountain flower flowers rose lily daisy jasmine violet
tiger lion panther leopard cheetah wolf bear panda monkey gorilla horse pony dragon phoenix eagle falcon hawk bird dolphin
shark fish turtle snake spider butterfly kitty kitten cat puppy doggy dog bunny hamster chicken
football soccer baseball basketball hockey tennis golf rugby cricket boxing racing yankees lakers cowboys steelers eagles
patriots redsox arsenal chelsea liverpool manchester united barcelona realmadrid juventus bayern player coach champion winner
superman batman spiderman ironman hulk wolverine superstar starwars skywalker vader yoda jedi matrix neo trinity gandalf
frodo hobbit pokemon pikachu naruto sasuke mario zelda sonic minecraft fortnite roblox warcraft starcraft counterstrike
pirate ninja samurai warrior knight soldier hunter killer shadow ghost phantom demon devil satan lucifer vampire zombie
hacker hacked gangster player mustang ferrari porsche lamborghini corvette camaro harley yamaha honda toyota mercedes
chocolate cookie cookies candy sugar cupcake banana orange cherry strawberry peanut butter cheese pepper ginger coffee
guitar music metallica nirvana slipknot eminem beatles elvis rock rockstar rocknroll
michael jennifer jessica ashley daniel matthew joshua andrew anthony robert william james john david charles thomas george
richard joseph nicole amanda melissa michelle samantha elizabeth stephanie charlie maggie bailey buster jordan taylor hannah
justin brandon christian alexander alexandra maria anna peter paul mark lucas martin thomas sophie julia laura
january february march april may june july august september october november december monday tuesday wednesday thursday
friday saturday sunday january january spring2 london paris berlin madrid moscow newyork chicago dallas houston texas
california florida boston america american canada england france germany deutschland italy spain brasil mexico india
black white red blue green yellow purple silver golden gold diamond crystal pearl platinum
big little super mega ultra cool good best great awesome perfect the and you me my is for this that not
correct horsebatterystaple battery staple correcthorse thisismypassword thisis mypassword notpassword ihavenopassword
god jesus christ blessed church heaven bible amen number one two three four five six seven eight nine ten zero
`
  .trim()
  .split(/\s+/)
