# ruff: noqa: RUF001  Cyrillic letters and full-width punctuation are meant
"""The other languages of the demo's pages: sentence patterns and phrases that fit each other.

Phrases are whole (with article, in the case that the pattern needs), so that no grammar has to be computed. `sentence` and
`heading` hold the patterns; lists are written as in `jobs.synthetic.vocabulary`. `menu` and `banner`
are what a site prints around every page.
"""

LANGUAGES: dict[str, dict[str, str]] = {
    "de": {
        "menu": "Startseite|Über uns|Termine|Archiv|Kontakt|Impressum",
        "banner": "Diese Seite verwendet Cookies, um Ihren Besuch angenehmer zu machen.",
        "heading": "Wie {who} {acc} rettete|Ein Sommer {place}|Warum {group} gern {inf}|Neues aus {town}|"
        "{acc} {inf}: ein Versuch",
        "sentence": "{when} reparierte {who} {acc} {place}.|"
        "{group} wollten {acc} nicht {inf}, obwohl {who} es ihnen erklärte.|"
        "Man sagt, dass {that}, und {who} glaubt es bis heute.|In {town} hat {who} {when} {acc} verkauft.|"
        "Wer {acc} {inf} will, braucht vor allem Geduld.|Erst {when} merkten {group}, dass {that}.|"
        "Niemand hatte erwartet, dass {who} {acc} so schnell {inf} würde.|"
        "{place} trafen wir {group} und sprachen über das Wetter.|Weil {that}, blieb {who} noch drei Tage in {town}.|"
        "Früher konnten {group} {acc} ohne Hilfe {inf}.|„Ich würde {acc} nie wieder {inf}“, meint {who} und lacht.|"
        "Am Ende zeigte sich, dass {that}.|{who} hat {acc} von einer Tante in {town} geerbt.|"
        "Dafür gibt es einen einfachen Grund: {group} wissen, dass {that}.|"
        "Auch {who} kam {when} vorbei, um {acc} zu sehen.|Ob man {acc} {inf} soll, ist {place} seit Jahren umstritten.|"
        "Ohne {group} wäre {when} gar nichts gelungen.|"
        "{when} stand {acc_n} noch {place}, heute erinnert nur ein Schild daran.|"
        "Die Kosten waren höher als gedacht, aber {group} zahlten ohne Klage.|"
        "So lernte {who}, {acc} mit eigenen Händen zu pflegen.|"
        "Von {town} bis {town} kennt man die Geschichte, wie {who} {acc} fand.|"
        "Seitdem dürfen {group} nur noch {when} {inf}.",
        "who": "der Gärtner|die Bibliothekarin|mein Nachbar|die Leiterin des Museums|ein alter Fischer|die Bäckerin|"
        "der Lokführer|eine junge Lehrerin|der Bürgermeister|die Imkerin",
        "group": "die Bewohner|viele Besucher|die Mitglieder des Vereins|die meisten Kinder|unsere Gäste|einige Handwerker|"
        "die Wanderer|alle Nachbarn",
        "acc": "den alten Kahn|die kleine Orgel|das Dach der Scheune|den tiefen Brunnen|die hölzerne Brücke|"
        "das Gewächshaus|den Backofen|die Turmuhr|das rote Fahrrad|die vergilbte Landkarte|den Bienenstock|das Fernrohr",
        "acc_n": "der alte Kahn|die kleine Orgel|der Backofen|die hölzerne Brücke|das Gewächshaus|die Turmuhr",
        "inf": "reparieren|verkaufen|bemalen|ausleihen|untersuchen|bewachen|fotografieren|beschreiben|reinigen|erneuern",
        "that": "nasses Holz schlecht brennt|der Fluss jedes Frühjahr steigt|gutes Brot Zeit braucht|"
        "die Bienen den Regen spüren|alte Karten selten stimmen|der letzte Zug um neun fährt|ein Dach niemals fertig ist|"
        "die Glocke zu früh läutet|der Wind aus Westen kommt|man mit Geduld mehr erreicht",
        "place": "am Rand des Dorfes|hinter dem Rathaus|unter der alten Linde|auf dem Markt|im Keller der Schule|"
        "am Ufer des Sees|neben der Mühle|auf dem Bahnsteig",
        "when": "im vergangenen Herbst|an einem kalten Morgen|nach dem Fest|vor vielen Jahren|am ersten Sonntag im Mai|"
        "kurz vor Mitternacht|in den Ferien|nach dem großen Regen|im Winter 1987|gegen Abend",
        "town": "Altwinkel|Birkenau am Teich|Drosselfeld|Hohenbrück|Kaltenbach|Lindental|Mühlrode|Sandhausen|Tannried",
    },
    "fr": {
        "menu": "Accueil|À propos|Agenda|Archives|Contact|Mentions légales",
        "banner": "Ce site utilise des cookies pour rendre votre visite plus agréable.",
        "heading": "Comment {who} a sauvé {obj}|Un été {place}|{obj} : mode d'emploi|Nouvelles de {town}|"
        "Pourquoi {group} aiment {inf}",
        "sentence": "{when}, {who} a réparé {obj} {place}.|{group} ne voulaient pas {inf} {obj}, même si {fact}.|"
        "On raconte que {fact}, et {who} le croit encore aujourd'hui.|À {town}, {who} a vendu {obj} {when}.|"
        "Pour {inf} {obj}, il faut surtout de la patience.|C'est seulement {when} que {group} ont compris que {fact}.|"
        "Personne ne pensait que {who} pourrait {inf} {obj} aussi vite.|"
        "Nous avons rencontré {group} {place}, et la pluie s'est arrêtée.|"
        "Comme {fact}, {who} passa trois jours de plus à {town}.|Autrefois, {group} savaient {inf} {obj} sans aide.|"
        "« Je ne vais plus jamais {inf} {obj} », dit {who} en riant.|À la fin, il est apparu que {fact}.|"
        "{who} tient {obj} d'une tante de {town}.|La raison est simple : {group} savent bien que {fact}.|"
        "{who} passait aussi {when} pour voir {obj}.|Faut-il {inf} {obj} ? {place}, la question divise depuis longtemps.|"
        "Sans {group}, rien n'aurait été possible {when}.|"
        "Les frais ont été plus lourds que prévu, mais {group} ont payé sans se plaindre.|"
        "De {town} à {town}, tout le monde connaît l'histoire : {who} a trouvé {obj} {place}.|"
        "Depuis, {group} peuvent {inf} {obj} une fois par semaine.|Il a fallu deux hivers entiers pour {inf} {obj}.|"
        "Avec le temps, {who} a appris à {inf} {obj} de ses propres mains.",
        "who": "le jardinier|la bibliothécaire|mon voisin|la directrice du musée|un vieux pêcheur|la boulangère|"
        "le mécanicien|une jeune institutrice|le maire|l'apicultrice",
        "group": "les habitants|beaucoup de visiteurs|les membres du club|la plupart des enfants|nos invités|"
        "quelques artisans|les promeneurs|tous les voisins",
        "obj": "la vieille barque|le petit orgue|le toit de la grange|le puits profond|le pont de bois|la serre|"
        "le four à pain|l'horloge du clocher|le vélo rouge|la carte jaunie|la ruche|le télescope",
        "inf": "réparer|vendre|peindre|prêter|examiner|surveiller|photographier|décrire|nettoyer|restaurer",
        "fact": "le bois mouillé brûle mal|la rivière monte à chaque printemps|le bon pain demande du temps|"
        "les abeilles sentent la pluie|les cartes anciennes se trompent souvent|le dernier train part à neuf heures|"
        "les toits ne sont jamais terminés|la cloche sonne trop tôt|le vent vient de l'ouest|"
        "la patience vaut mieux que la force",
        "place": "au bord du village|derrière la mairie|sous le vieux tilleul|sur le marché|dans la cave de l'école|"
        "au bord du lac|près du moulin|sur le quai",
        "when": "l'automne dernier|un matin de gel|après la fête|il y a bien des années|le premier dimanche de mai|"
        "peu avant minuit|pendant les vacances|après les grandes pluies|en hiver 1987|vers le soir",
        "town": "Aubeval|Brisemont|Clairfont|Doucelle|Hautepierre|Longuerive|Montbrun|Sablenoir|Vieilmoulin",
    },
    "es": {
        "menu": "Inicio|Quiénes somos|Agenda|Archivo|Contacto|Aviso legal",
        "banner": "Este sitio utiliza cookies para que su visita sea más agradable.",
        "heading": "Cómo {who} salvó {obj}|Un verano {place}|Noticias de {town}|Por qué {group} prefieren {inf}|"
        "{inf} {obj}, paso a paso",
        "sentence": "{when}, {who} reparó {obj} {place}.|{group} no querían {inf} {obj}, aunque {fact}.|"
        "Dicen que {fact}, y {who} todavía lo cree.|En {town}, {who} vendió {obj} {when}.|"
        "Para {inf} {obj} hace falta sobre todo paciencia.|Solo {when} comprendieron {group} que {fact}.|"
        "Nadie pensaba que {who} pudiera {inf} {obj} tan deprisa.|Encontramos a {group} {place} y hablamos del tiempo.|"
        "Como {fact}, {who} se quedó tres días más en {town}.|Antes, {group} sabían {inf} {obj} sin ayuda.|"
        "«Nunca volveré a {inf} {obj}», dice {who} entre risas.|Al final quedó claro que {fact}.|"
        "{who} heredó {obj} de una tía de {town}.|La razón es sencilla: {group} saben que {fact}.|"
        "También {who} vino {when} para ver {obj}.|¿Hay que {inf} {obj}? {place} se discute desde hace años.|"
        "Sin {group} no habría sido posible {when}.|"
        "Los gastos fueron mayores de lo previsto, pero {group} pagaron sin protestar.|"
        "De {town} a {town} todos conocen la historia: {who} encontró {obj} {place}.|"
        "Desde entonces, {group} pueden {inf} {obj} una vez por semana.|Hicieron falta dos inviernos para {inf} {obj}.|"
        "Con los años, {who} aprendió a {inf} {obj} con sus propias manos.",
        "who": "el jardinero|la bibliotecaria|mi vecino|la directora del museo|un viejo pescador|la panadera|el maquinista|"
        "una joven maestra|el alcalde|la apicultora",
        "group": "los vecinos|muchos visitantes|los socios del club|casi todos los niños|nuestros invitados|"
        "algunos artesanos|los caminantes|las familias del barrio",
        "obj": "la vieja barca|el órgano pequeño|el tejado del granero|el pozo profundo|el puente de madera|el invernadero|"
        "el horno de pan|el reloj de la torre|la bicicleta roja|el mapa amarillento|la colmena|el telescopio",
        "inf": "reparar|vender|pintar|prestar|examinar|vigilar|fotografiar|describir|limpiar|restaurar",
        "fact": "la leña mojada arde mal|el río sube cada primavera|el buen pan necesita tiempo|"
        "las abejas presienten la lluvia|los mapas antiguos suelen equivocarse|el último tren sale a las nueve|"
        "un tejado nunca está terminado|la campana suena demasiado pronto|el viento llega del oeste|"
        "la paciencia vale más que la fuerza",
        "place": "a las afueras del pueblo|detrás del ayuntamiento|bajo el viejo tilo|en el mercado|"
        "en el sótano de la escuela|a orillas del lago|junto al molino|en el andén",
        "when": "el otoño pasado|una mañana de helada|después de la fiesta|hace muchos años|el primer domingo de mayo|"
        "poco antes de medianoche|durante las vacaciones|tras las grandes lluvias|en el invierno de 1987|al caer la tarde",
        "town": "Aguasclaras|Bellavega|Cerronegro|Fuenteluna|Montealto|Piedrablanca|Riodulce|Valdeviento|Villarroble",
    },
    "pt": {
        "menu": "Início|Quem somos|Agenda|Arquivo|Contato|Aviso legal",
        "banner": "Este site utiliza cookies para tornar a sua visita mais agradável.",
        "heading": "Como {who} salvou {obj}|Um verão {place}|Notícias de {town}|Por que {group} gostam de {inf}|"
        "{inf} {obj}: primeiros passos",
        "sentence": "{when}, {who} consertou {obj} {place}.|"
        "{group} não queriam {inf} {obj}, embora fosse verdade que {fact}.|Dizem que {fact}, e {who} ainda acredita nisso.|"
        "Em {town}, {who} vendeu {obj} {when}.|Para {inf} {obj} é preciso, antes de tudo, ter paciência.|"
        "Só {when} {group} perceberam que {fact}.|Ninguém esperava que {who} conseguisse {inf} {obj} tão depressa.|"
        "Encontramos {group} {place} e falamos sobre o tempo.|Como {fact}, {who} ficou mais três dias em {town}.|"
        "Antigamente, {group} sabiam {inf} {obj} sem ajuda.|“Nunca mais vou {inf} {obj}”, diz {who}, sorrindo.|"
        "No fim ficou claro que {fact}.|{who} herdou {obj} de uma tia de {town}.|"
        "A razão é simples: {group} sabem que {fact}.|{who} também veio {when} para ver {obj}.|"
        "Será que se deve {inf} {obj}? {place}, a discussão dura há anos.|Sem {group}, nada teria sido possível {when}.|"
        "As despesas foram maiores do que o previsto, mas {group} pagaram sem reclamar.|"
        "De {town} a {town}, todos conhecem a história: {who} achou {obj} {place}.|"
        "Desde então, {group} podem {inf} {obj} uma vez por semana.|Foram precisos dois invernos para {inf} {obj}.|"
        "Com o tempo, {who} aprendeu a {inf} {obj} com as próprias mãos.",
        "who": "o jardineiro|a bibliotecária|o meu vizinho|a diretora do museu|um velho pescador|a padeira|o maquinista|"
        "uma jovem professora|o prefeito|a apicultora",
        "group": "os moradores|muitos visitantes|os sócios do clube|quase todas as crianças|os nossos convidados|"
        "alguns artesãos|os caminhantes|as famílias da rua",
        "obj": "o velho barco|o pequeno órgão|o telhado do celeiro|o poço fundo|a ponte de madeira|a estufa|o forno de pão|"
        "o relógio da torre|a bicicleta vermelha|o mapa amarelado|a colmeia|o telescópio",
        "inf": "consertar|vender|pintar|emprestar|examinar|vigiar|fotografar|descrever|limpar|restaurar",
        "fact": "a lenha molhada não arde bem|o rio sobe em cada primavera|o bom pão precisa de tempo|"
        "as abelhas sentem a chuva|os mapas antigos erram muitas vezes|o último comboio parte às nove|"
        "um telhado nunca está pronto|o sino toca cedo demais|o vento vem do oeste|a paciência vale mais do que a força",
        "place": "à beira da aldeia|atrás da câmara municipal|debaixo da velha tília|no mercado|na cave da escola|"
        "à margem do lago|ao lado do moinho|na plataforma",
        "when": "no outono passado|numa manhã de geada|depois da festa|há muitos anos|no primeiro domingo de maio|"
        "pouco antes da meia-noite|durante as férias|depois das grandes chuvas|no inverno de 1987|ao fim da tarde",
        "town": "Águas Mansas|Boavista do Monte|Campo Largo Velho|Fontelha|Lagoinha|Pedra Alta|Ribeira Nova|Serra Verde|"
        "Valongueiro",
    },
    "it": {
        "menu": "Pagina iniziale|Chi siamo|Eventi|Archivio|Contatti|Note legali",
        "banner": "Questo sito utilizza i cookie per rendere la visita più piacevole.",
        "heading": "Come {who} ha salvato {obj}|Un'estate {place}|Notizie da {town}|Perché {group} amano {inf}|"
        "{inf} {obj}, passo dopo passo",
        "sentence": "{when} {who} ha riparato {obj} {place}.|{group} non volevano {inf} {obj}, anche se {fact}.|"
        "Si dice che {fact}, e {who} ci crede ancora.|A {town} {who} ha venduto {obj} {when}.|"
        "Per {inf} {obj} serve soprattutto pazienza.|Solo {when} {group} hanno capito che {fact}.|"
        "Nessuno pensava che {who} potesse {inf} {obj} così in fretta.|"
        "Abbiamo incontrato {group} {place} e abbiamo parlato del tempo.|"
        "Poiché {fact}, {who} si fermò altri tre giorni a {town}.|Una volta {group} sapevano {inf} {obj} senza aiuto.|"
        "«Non voglio mai più {inf} {obj}», dice {who} ridendo.|Alla fine si è visto che {fact}.|"
        "{who} ha ereditato {obj} da una zia di {town}.|Il motivo è semplice: {group} sanno che {fact}.|"
        "Anche {who} passò {when} per vedere {obj}.|Bisogna {inf} {obj}? {place} se ne discute da anni.|"
        "Senza {group} non sarebbe stato possibile {when}.|"
        "Le spese sono state più alte del previsto, ma {group} hanno pagato volentieri.|"
        "Da {town} a {town} tutti conoscono la storia: {who} ha trovato {obj} {place}.|"
        "Da allora {group} possono {inf} {obj} una volta alla settimana.|Ci sono voluti due inverni per {inf} {obj}.|"
        "Con gli anni {who} ha imparato a {inf} {obj} con le proprie mani.",
        "who": "il giardiniere|la bibliotecaria|il mio vicino|la direttrice del museo|un vecchio pescatore|la fornaia|"
        "il macchinista|una giovane maestra|il sindaco|l'apicoltrice",
        "group": "gli abitanti|molti visitatori|i soci del circolo|quasi tutti i bambini|i nostri ospiti|alcuni artigiani|"
        "gli escursionisti|le famiglie del quartiere",
        "obj": "la vecchia barca|il piccolo organo|il tetto del fienile|il pozzo profondo|il ponte di legno|la serra|"
        "il forno|l'orologio della torre|la bicicletta rossa|la mappa ingiallita|l'alveare|il telescopio",
        "inf": "riparare|vendere|dipingere|prestare|esaminare|sorvegliare|fotografare|descrivere|pulire|restaurare",
        "fact": "la legna bagnata brucia male|il fiume sale ogni primavera|il buon pane richiede tempo|"
        "le api sentono la pioggia|le mappe antiche sbagliano spesso|l'ultimo treno parte alle nove|"
        "un tetto non è mai finito|la campana suona troppo presto|il vento arriva da ovest|la pazienza vale più della forza",
        "place": "ai margini del paese|dietro il municipio|sotto il vecchio tiglio|al mercato|nella cantina della scuola|"
        "sulla riva del lago|accanto al mulino|sul binario",
        "when": "lo scorso autunno|una mattina di gelo|dopo la festa|molti anni fa|la prima domenica di maggio|"
        "poco prima di mezzanotte|durante le vacanze|dopo le grandi piogge|nell'inverno del 1987|verso sera",
        "town": "Acquarella|Borgolungo|Castelpino|Fontebuona|Montesereno|Pietranuova|Rocchetta Alta|Sassoverde|Vallechiara",
    },
    "ru": {
        "menu": "Главная|О нас|События|Архив|Контакты|Правила",
        "banner": "Этот сайт использует файлы cookie для вашего удобства.",
        "heading": "Как {who} спасает {obj}|Лето {place}|Новости из посёлка {town}|Почему {group} любят {inf}|"
        "{inf} {obj}: первый опыт",
        "sentence": "{when} {who} чинит {obj} {place}.|{group} не хотели {inf} {obj}, хотя {fact}.|"
        "Говорят, что {fact}, и {who} до сих пор в это верит.|В посёлке {town} {who} продаёт {obj} почти каждый год.|"
        "Чтобы {inf} {obj}, нужно прежде всего терпение.|Только {when} {group} поняли, что {fact}.|"
        "Никто не ожидал, что {who} сумеет {inf} {obj} так быстро.|{place} мы встретили людей, которые умеют {inf} {obj}.|"
        "Поскольку {fact}, {who} остаётся в посёлке {town} ещё на три дня.|"
        "Раньше {group} могли {inf} {obj} без посторонней помощи.|«Больше никогда не буду {inf} {obj}», смеётся {who}.|"
        "В конце концов оказалось, что {fact}.|{who} бережёт {obj} как память о родных.|"
        "Причина проста: {group} знают, что {fact}.|{when} {group} собрались {place}, чтобы увидеть {obj}.|"
        "Нужно ли {inf} {obj}, {place} спорят уже много лет.|"
        "Расходы оказались выше, чем думали, но {group} заплатили без жалоб.|"
        "От посёлка {town} до посёлка {town} все знают, кто помог {inf} {obj}.|"
        "С тех пор {group} могут {inf} {obj} раз в неделю.|Понадобилось две зимы, чтобы {inf} {obj}.|"
        "{who} умеет {inf} {obj} своими руками.|Обычно {who} приходит {place}, когда {fact}.",
        "who": "садовник|библиотекарь|мой сосед|директор музея|старый рыбак|пекарь|машинист|молодая учительница|староста|"
        "пчеловод",
        "group": "жители|многие гости|члены кружка|почти все дети|наши друзья|местные мастера|путешественники|соседи",
        "obj": "старую лодку|маленький орган|крышу сарая|глубокий колодец|деревянный мост|теплицу|хлебную печь|"
        "башенные часы|красный велосипед|пожелтевшую карту|улей|телескоп",
        "inf": "ремонтировать|продавать|красить|осматривать|охранять|фотографировать|описывать|чистить|восстанавливать|"
        "изучать",
        "fact": "мокрые дрова плохо горят|река поднимается каждую весну|хороший хлеб требует времени|пчёлы чувствуют дождь|"
        "старые карты часто ошибаются|последний поезд уходит в девять|крышу нельзя доделать до конца|"
        "колокол звонит слишком рано|ветер дует с запада|терпение важнее силы",
        "place": "на краю деревни|за ратушей|под старой липой|на рынке|в подвале школы|на берегу озера|возле мельницы|"
        "на перроне",
        "when": "прошлой осенью|морозным утром|после праздника|много лет назад|в первое воскресенье мая|"
        "незадолго до полуночи|во время каникул|после больших дождей|зимой 1987 года|ближе к вечеру",
        "town": "Берёзовый|Высокий Яр|Заречный|Каменка|Липовый|Новый Мост|Озёрный|Сосновка|Тихий",
    },
    "zh": {
        "menu": "首页|关于我们|活动|档案|联系方式|声明",
        "banner": "本网站使用Cookie以改善您的浏览体验。",
        "heading": "{who}怎样保住了{obj}|{place}的夏天|来自{town}的消息|{group}为什么喜欢{verb}{obj}|{verb}{obj}的第一步",
        "sentence": "{when}，{who}在{place}修好了{obj}。|虽然{fact}，{group}还是不愿意{verb}{obj}。|"
        "听说{fact}，{who}到今天仍然相信这句话。|在{town}，{who}{when}把{obj}卖给了一位朋友。|"
        "想要{verb}{obj}，最需要的是耐心。|直到{when}，{group}才明白{fact}。|谁也没想到{who}能这么快地{verb}{obj}。|"
        "我们在{place}遇见了{group}，一起谈起了天气。|因为{fact}，{who}在{town}多住了三天。|"
        "从前{group}不用别人帮忙就会{verb}{obj}。|“我再也不想{verb}{obj}了。”{who}笑着说。|最后大家发现，{fact}。|"
        "{obj}是{who}从{town}的姑妈那里得来的。|原因很简单：{group}都知道{fact}。|{who}{when}也来看过{obj}。|"
        "要不要{verb}{obj}，{place}的人已经争论了好几年。|如果没有{group}，{when}什么都做不成。|"
        "费用比预想的高，可是{group}没有抱怨。|从{town}到{town}，人人都知道{who}找到{obj}的故事。|"
        "从那以后，{group}每个星期可以{verb}{obj}一次。|为了{verb}{obj}，大家花了整整两个冬天。|"
        "时间久了，{who}学会了亲手{verb}{obj}。",
        "who": "老园丁|图书管理员|我的邻居|博物馆馆长|一位老渔民|面包师傅|火车司机|年轻的女教师|村长|养蜂人",
        "group": "村民们|许多游客|协会的会员|大多数孩子|我们的客人|几个工匠|登山的人|街坊们",
        "obj": "那条旧木船|小小的风琴|谷仓的屋顶|那口深井|村口的木桥|玻璃温室|烤面包的炉子|钟楼的大钟|红色的自行车|"
        "发黄的地图|蜂箱|望远镜",
        "verb": "修理|出售|粉刷|借用|检查|看守|拍摄|描写|清洗|重建",
        "fact": "湿的木头不好烧|河水每年春天都会上涨|好面包需要时间|蜜蜂能感觉到要下雨|旧地图常常有错|最后一班火车九点开|"
        "屋顶永远修不完|钟声敲得太早|风总是从西边来|耐心比力气更重要",
        "place": "村子边上|市政厅后面|老树底下|集市上|学校的地下室|湖边|磨坊旁边|站台上",
        "when": "去年秋天|一个寒冷的早晨|节日过后|很多年以前|五月的第一个星期天|快到半夜的时候|放假期间|大雨之后|"
        "一九八七年冬天|傍晚",
        "town": "青石镇|柳溪村|白云湾|南山屯|竹林镇|长桥村|东湖里|石门镇|杏花坞",
    },
    "ja": {
        "menu": "ホーム|私たちについて|行事|過去の記事|お問い合わせ|規約",
        "banner": "当サイトはより快適にご覧いただくためにクッキーを使用しています。",
        "heading": "{who}が{obj}を守った話|{place}の夏|{town}からの便り|{group}が{obj}を大切にする理由|{obj}を{verb}まで",
        "sentence": "{when}、{who}は{place}で{obj}を直しました。|{fact}のに、{group}は{obj}を{verb}ことに反対でした。|"
        "{fact}と言われており、{who}は今でもそれを信じています。|{town}では、{who}が{when}に{obj}を売ったそうです。|"
        "{obj}を{verb}には、何よりも根気が必要です。|{when}になって、{group}はようやく{fact}ことに気づきました。|"
        "{who}がこんなに早く{obj}を{verb}とは、誰も思いませんでした。|私たちは{place}で{group}に会い、天気の話をしました。|"
        "{fact}ので、{who}は{town}にもう三日ほど残りました。|昔は、{group}だけで{obj}を{verb}ことができました。|"
        "「もう二度と{obj}を{verb}つもりはない」と{who}は笑います。|結局、{fact}ことがわかりました。|"
        "{obj}は、{who}が{town}のおばから受け継いだものです。|理由は簡単で、{group}は{fact}ことを知っているのです。|"
        "{who}も{when}に{obj}を見に来ました。|{obj}を{verb}べきかどうか、{place}では長い間議論が続いています。|"
        "{group}がいなければ、{when}には何もできなかったでしょう。|"
        "費用は予想より高くつきましたが、{group}は文句を言いませんでした。|"
        "{town}から{town}まで、{who}が{obj}を見つけた話を知らない人はいません。|"
        "それからは、{group}が週に一度{obj}を{verb}ようになりました。|{obj}を{verb}ために、冬を二回も越しました。|"
        "年月とともに、{who}は自分の手で{obj}を{verb}ことを覚えました。",
        "who": "庭師|図書館の司書|隣の人|博物館の館長|年老いた漁師|パン屋の主人|機関士|若い先生|村長|養蜂家",
        "group": "村の人々|多くの観光客|会のメンバー|ほとんどの子ども|お客さん|何人かの職人|登山者たち|近所の人",
        "obj": "古い小舟|小さなオルガン|納屋の屋根|深い井戸|木の橋|温室|パン焼きの窯|塔の時計|赤い自転車|黄ばんだ地図|"
        "蜂の巣箱|望遠鏡",
        "verb": "修理する|手放す|塗り直す|貸し出す|調べる|見張る|撮影する|記録する|掃除する|建て直す",
        "fact": "濡れた薪はよく燃えない|川は毎年春に増水する|よいパンには時間がかかる|蜂は雨を感じ取る|"
        "古い地図はよく間違っている|最終列車は九時に出る|屋根の手入れには終わりがない|鐘が早く鳴りすぎる|風は西から吹く|"
        "力より忍耐が大切だ",
        "place": "村のはずれ|役場の裏|古い木の下|市場|学校の地下室|湖のほとり|水車小屋のそば|駅のホーム",
        "when": "去年の秋|ある寒い朝|祭りのあと|何年も前|五月の最初の日曜日|真夜中の少し前|休みの間|大雨のあと|"
        "一九八七年の冬|夕方",
        "town": "青葉町|石川原|梅が丘|北浜村|桜谷|白鳥町|竹の里|古橋村|松原",
    },
}
