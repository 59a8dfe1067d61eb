"""The English words of the demo's pages: ten subjects, and the words that all of them share.

Each value is a list of alternatives written with `|` between them; a name in braces stands for one alternative of that
list. The lists fit each other by grammar: `who` and `group` are subjects, `thing` and `things` are objects without an
article, `did` is a past form that is also the participle, `do` its base form, `place` says where, `fact` and `why` are
clauses, and `adj` describes a `thing`.
"""

SUBJECTS: dict[str, dict[str, str]] = {
    "garden": {
        "field": "vegetable growing|soil care|allotment gardening|greenhouse work",
        "who": "the head gardener|a retired nurse|the woman from plot nine|my neighbour|the seed merchant|our treasurer",
        "group": "the allotment holders|most growers|the volunteers|new members|older gardeners|the neighbours",
        "thing": "compost heap|cold frame|rain barrel|raised bed|seed catalogue|garden shed|irrigation hose|pea trellis|"
        "water butt|potting bench|currant bush|herb border|wheelbarrow|soil thermometer",
        "things": "seed trays|tomato plants|bean poles|onion sets|garden paths|pruning shears|strawberry runners|"
        "flower pots|early potatoes|squash vines|leeks|cabbage nets",
        "place": "behind the greenhouse|beside the south wall|under the old pear tree|at the far end of the plot|"
        "next to the lane|in the shade of the hedge|near the tool store",
        "did": "watered|moved|covered|measured|replaced|rebuilt|cleared|labelled|shared|inspected",
        "do": "water|move|cover|plant|replace|store|clear|label|share|inspect",
        "fact": "shallow roots dry out first|clay holds water long after sand has lost it|slugs prefer a damp evening|"
        "mulch keeps the ground cool in July|a late frost can undo a month of work|peas dislike being moved|"
        "young leaves burn in strong wind|worms do most of the digging|rain from a roof is softer than tap water|"
        "a crowded bed invites mildew|carrots fork in stony ground|seed keeps badly in a warm cupboard",
        "why": "the soil had stayed wet for weeks|somebody had left the gate open|the first frost came early|"
        "the seedlings had outgrown their pots|a dry wind had blown since Sunday|pigeons had found the cabbages|"
        "the council had cut the water supply|the old variety was no longer sold",
        "adj": "soggy|sheltered|overgrown|fertile|neglected|productive|shady|well drained",
    },
    "bicycle": {
        "field": "bicycle repair|touring by bike|wheel building|commuting by bicycle",
        "who": "the mechanic|a courier called {first}|the club secretary|my cousin|the shop owner|a visiting racer",
        "group": "the commuters|touring cyclists|the apprentices|weekend riders|most couriers|the club members",
        "thing": "rear wheel|steel frame|leather saddle|front brake|bottom bracket|chain guard|dynamo lamp|hand pump|"
        "luggage rack|gear cable|truing stand|spare tube|handlebar bag|repair manual",
        "things": "brake pads|spokes|mudguards|worn tyres|pedals|chain links|bearings|cable ends|inner tubes|tyre levers|"
        "headlights|panniers",
        "place": "in the workshop behind the station|on the long climb out of {town}|at the edge of the cycle path|"
        "beside the canal|in a borrowed garage|outside the bakery|on the ferry",
        "did": "adjusted|replaced|cleaned|tightened|borrowed|greased|tested|repaired|weighed|removed",
        "do": "adjust|replace|clean|tighten|borrow|grease|test|repair|check|remove",
        "fact": "a dry chain wears twice as fast|most punctures happen in the rain|a wheel is only as true as its rim|"
        "soft tyres make every hill longer|rust starts where the paint is thin|cold hands brake late|"
        "a saddle needs a few hundred miles to settle|cables stretch in the first week|"
        "heavy luggage belongs low and forward|cheap bearings are noisy before they fail|"
        "a quiet bicycle is usually a healthy one|gravel finds its way into everything",
        "why": "the bolts had worked loose on the cobbles|the previous owner had used the wrong oil|"
        "two spokes had snapped on the descent|the parts were delayed at the border|the frame was one size too large|"
        "winter salt had eaten the cable|nobody had checked the pressure|the lamp flickered all night",
        "adj": "wobbly|sturdy|squeaky|lightweight|rusty|well balanced|stiff|second-hand",
    },
    "harbour": {
        "field": "coastal fishing|harbour life|boat building|small-boat sailing",
        "who": "the harbour master|a fisherman from {town}|the ferry captain|the lighthouse keeper|a boat builder|"
        "the customs clerk",
        "group": "the dock workers|the fishing families|passengers|the pilots|visiting sailors|the net menders",
        "thing": "mooring rope|fishing boat|tide table|harbour wall|engine room|signal lamp|cargo crane|fish market|"
        "lifeboat|wooden hull|slipway|anchor chain|weather log|ferry timetable",
        "things": "lobster pots|fishing nets|oars|crates of herring|life jackets|buoys|sails|barrels|charts|engine parts|"
        "lanterns|rope ladders",
        "place": "on the north pier|beyond the breakwater|at the mouth of the river|below the old lighthouse|"
        "along the quay|off the rocky point|inside the boathouse",
        "did": "counted|towed|painted|loaded|checked|repaired|hauled|inspected|recorded|tarred",
        "do": "count|tow|paint|load|check|repair|haul|inspect|record|unload",
        "fact": "fog settles on the water before dawn|a spring tide covers the lower steps|"
        "wet rope is stronger than it looks|gulls follow the boats that fish well|a westerly wind closes the channel|"
        "salt ruins good leather|small boats leave an hour before the large ones|mackerel arrive with the warm current|"
        "the deepest berth is kept for the ferry|paint lasts two winters at best|an ebb tide runs faster than the flood|"
        "ice is dearer than diesel in August",
        "why": "the swell had damaged the outer wall|the engine had failed twice that week|the nets came back empty|"
        "a storm was forecast for the weekend|the ferry was late again|the price of herring had fallen|"
        "the channel had silted up|the crew refused to sail on a Friday",
        "adj": "leaky|seaworthy|crowded|exposed|freshly painted|reliable|slippery|half finished",
    },
    "bread": {
        "field": "sourdough baking|home milling|the craft of the baker|oven building",
        "who": "the baker|my grandmother|a miller from {town}|the apprentice|the cookery teacher|the owner of the café",
        "group": "the customers|home bakers|the night shift|the students|the early risers|market traders",
        "thing": "sourdough starter|proving basket|rye loaf|bread oven|mixing bowl|flour bin|baking stone|dough scraper|"
        "kitchen scale|oatmeal crust|water jug|linen cloth|recipe book|bread knife",
        "things": "rye loaves|baking trays|sesame rolls|sacks of flour|oven doors|milk buns|measuring cups|test batches|"
        "fruit loaves|wooden peels|flatbreads|leftover crusts",
        "place": "in the back of the bakery|on the cool side of the kitchen|at the Saturday market|close to the oven|"
        "on the marble counter|in the village hall|above the warm stove",
        "did": "weighed|baked|folded|covered|tasted|sliced|rested|cooled|wrapped|mixed",
        "do": "weigh|bake|fold|cover|taste|slice|rest|cool|wrap|mix",
        "fact": "a cold kitchen slows the yeast|salt tightens the dough|wholemeal flour drinks more water|"
        "steam keeps the crust soft for the first minutes|a young starter smells of apples|rye hardly rises at all|"
        "sugar feeds the yeast and then slows it|a wet dough makes larger holes|bread tastes better the next morning|"
        "old flour loses its strength|a stone holds heat longer than steel|enriched dough burns quickly",
        "why": "the starter had been fed too late|the oven door no longer closed|the flour came from a new mill|"
        "the dough had risen over the edge|the kitchen was colder than usual|a thermometer had broken|"
        "the first batch was too salty|nobody had set the timer",
        "adj": "crusty|dense|sour|airy|underbaked|fragrant|chewy|golden brown",
    },
    "sky": {
        "field": "amateur astronomy|star watching|telescope making|the study of meteors",
        "who": "the observatory guide|a physics teacher|the society president|a student from {town}|the lens grinder|"
        "the night watchman",
        "group": "amateur observers|the visitors|the school classes|the members|the telescope makers|the students",
        "thing": "telescope mirror|star chart|observatory dome|camera mount|eyepiece|logbook|finder scope|copper dome|"
        "red torch|tracking motor|planet map|wooden tripod|meteor count|lecture room",
        "things": "double stars|meteor trails|lunar craters|long exposures|sketches|variable stars|lenses|old photographs|"
        "sunspots|planet drawings|mirror blanks|observing notes",
        "place": "on the roof of the school|far from the lights of {town}|above the eastern ridge|inside the small dome|"
        "on the frozen lake|in the constellation of the swan|behind the farm",
        "did": "sketched|photographed|measured|compared|polished|recorded|aligned|counted|described|observed",
        "do": "sketch|photograph|measure|compare|polish|record|align|count|describe|observe",
        "fact": "the eye needs half an hour to adapt to darkness|moonlight hides the faint ones|"
        "warm air makes the image dance|planets do not twinkle as stars do|"
        "a mirror must reach the temperature of the night|the best meteors come after midnight|"
        "dew ends more evenings than cloud|a large aperture gathers more light|Saturn looks smaller than people expect|"
        "comets rarely keep their promises|city light reddens the lower sky|winter nights are steady only now and then",
        "why": "the clouds had parted for ten minutes|the motor had lost its grip|a farmer had switched on his lamps|"
        "the mirror had been cleaned badly|the comet was already too low|dew had covered the lens|"
        "the moon rose earlier than planned|the batteries had frozen",
        "adj": "faint|steady|blurred|wide|portable|carefully aligned|dusty|home-made",
    },
    "archive": {
        "field": "local history|work in archives|the history of the town|family research",
        "who": "the archivist|a local historian|the parish clerk|the museum guide|a descendant of the miller|the librarian",
        "group": "the researchers|the townspeople|family historians|the council|school pupils|the trustees",
        "thing": "parish register|town charter|brick kiln|market hall|land map|mill wheel|account book|stone bridge|"
        "church tower|council minute|printing press|toll house|inventory|street plan",
        "things": "letters|tax rolls|photographs|ledgers|wills|school reports|property deeds|newspaper cuttings|"
        "guild records|postcards|tithe maps|building plans",
        "place": "in the cellar of the town hall|on the site of the old mill|near the market square|"
        "in a private collection|under a layer of plaster|along the former wall|in the county record office",
        "did": "catalogued|copied|restored|described|photographed|dated|donated|transcribed|examined|published",
        "do": "catalogue|copy|restore|describe|photograph|date|donate|transcribe|examine|publish",
        "fact": "early registers leave out the poor|paper made from rags outlasts modern paper|"
        "spelling changes from page to page|fires destroyed many records|street names outlive the buildings|"
        "a mill was worth more than a manor|most towns exaggerate their age|damp is the worst enemy of ink|"
        "the census is kinder than memory|maps were drawn to please their owners|a seal says more than a signature|"
        "few families stayed for three generations",
        "why": "the river had flooded the cellar|two clerks had used different calendars|the last page was missing|"
        "an heir had sold the collection|the roof had fallen in|the handwriting changed in the middle of the book|"
        "the mayor wanted an anniversary|a date had been misread",
        "adj": "incomplete|faded|authentic|undated|remarkably detailed|brittle|forgotten|well documented",
    },
    "hill": {
        "field": "hill walking|long-distance hiking|winter walking|map reading",
        "who": "the hut warden|a guide from {town}|the older of the two brothers|a postman on holiday|the shepherd|"
        "our group leader",
        "group": "the walkers|day trippers|the rescue team|the students|experienced hikers|the hut guests",
        "thing": "ridge path|rope bridge|mountain hut|weather report|compass|tent pole|steep gully|summit cairn|"
        "packed lunch|rain jacket|water bottle|marked trail|footbridge|emergency shelter",
        "things": "walking poles|boots|route cards|waymarks|sleeping bags|stream crossings|maps|stone walls|spare socks|"
        "tent pegs|viewpoints|loose stones",
        "place": "above the tree line|on the far side of the pass|two hours from the nearest road|beside a small lake|"
        "below the northern cliffs|in thick mist|at the last farm",
        "did": "crossed|marked|described|carried|photographed|repaired|avoided|shared|checked|reached",
        "do": "cross|mark|describe|carry|photograph|repair|avoid|share|check|reach",
        "fact": "weather turns faster on the western side|streams rise in the afternoon|new boots belong on short walks|"
        "mist makes every hill look alike|tired walkers miss the signs|snow bridges weaken at noon|"
        "a map is lighter than regret|cold wind finds every gap|sheep know the driest line|"
        "the last hour always feels longest|wet rock deserves respect|shelter is rarer than the map suggests",
        "why": "the bridge had been washed away|the forecast had promised sunshine|one boot had lost its sole|"
        "the path had slipped into the stream|daylight was running out|the bus had left without us|a fence had been moved|"
        "the snow was deeper than expected",
        "adj": "steep|boggy|exposed|well marked|waterproof|narrow|remote|icy",
    },
    "camera": {
        "field": "film photography|portrait photography|darkroom work|night photography",
        "who": "the portrait photographer|a picture editor|my former teacher|the darkroom assistant|a collector in {town}|"
        "the wedding guest",
        "group": "beginners|the course members|press photographers|collectors|the jurors|film users",
        "thing": "light meter|tripod head|contact sheet|camera bag|darkroom sink|film holder|lens cap|flash unit|"
        "print washer|shutter button|negative file|studio lamp|picture frame|viewfinder",
        "things": "negatives|test strips|lenses|portraits|prints|filters|film rolls|shadows|slides|mounting boards|proofs|"
        "reflections",
        "place": "in a borrowed studio|under the railway arches|by the window|at the annual exhibition|"
        "in a rented darkroom|on the market stairs|against a grey wall",
        "did": "developed|printed|cropped|framed|compared|borrowed|scanned|mounted|cleaned|exhibited",
        "do": "develop|print|crop|frame|compare|borrow|scan|mount|clean|exhibit",
        "fact": "soft light forgives a tired face|the eye follows the brightest corner|fast film shows its grain|"
        "a long lens flattens the distance|old shutters run slow in winter|a plain background is worth a walk|"
        "expired film turns green at the edges|most portraits fail at the hands|backlight needs an extra stop|"
        "contrast is easier to add than to remove|dust loves a charged negative|a small print asks for a closer look",
        "why": "the sun had gone behind the houses|the fixer was exhausted|someone had opened the door too soon|"
        "the battery failed during the ceremony|the film had been loaded backwards|the lens was dirty|"
        "the model arrived an hour late|a scratch ran through the whole roll",
        "adj": "grainy|sharp|underexposed|flattering|blurry|old-fashioned|delicate|evenly lit",
    },
    "bee": {
        "field": "bee-keeping|honey making|the care of orchards|pollinator counting",
        "who": "the beekeeper|an inspector from {town}|the orchard owner|a biology student|the honey judge|my great-aunt",
        "group": "hobby beekeepers|the inspectors|fruit growers|the forager bees|the young queens|the club members",
        "thing": "honey extractor|brood frame|queen cage|bee smoker|entrance block|hive stand|wax press|feeding tray|"
        "apple orchard|swarm box|honey jar|mite count|straw skep|orchard fence",
        "things": "hives|frames|honeycombs|swarms|wax cakes|queen cells|clover fields|jars of honey|feeders|hive tools|"
        "pollen traps|fruit trees",
        "place": "at the edge of the orchard|beside the lime avenue|on a flat roof|in the heather|behind the parsonage|"
        "close to the brook|in the shade of two oaks",
        "did": "inspected|fed|moved|weighed|opened|divided|labelled|treated|counted|collected",
        "do": "inspect|feed|move|weigh|open|divide|label|treat|count|collect",
        "fact": "a strong colony needs more room in May|bees fly farther in a poor summer|"
        "smoke calms a hive for a few minutes|dark honey comes from the forest|a wet spring starves the brood|"
        "drones leave before the first frost|new queens fly on warm afternoons|wax moths prefer the empty boxes|"
        "heather honey is hard to spin|a calm beekeeper is stung less often|rapeseed honey sets within days|"
        "the weight of a hive tells its story",
        "why": "the colony had lost its queen|the lime trees flowered late|wasps had found the entrance|"
        "the winter stores were nearly gone|a neighbour had sprayed his field|the swarm had settled on a chimney|"
        "the mites had doubled in a month|rain kept the foragers at home",
        "adj": "gentle|crowded|sticky|disease-free|late|well fed|abandoned|heavy",
    },
    "railway": {
        "field": "branch-line history|signalling|the running of small railways|steam restoration",
        "who": "the signalman|a retired driver|the station master|the timetable clerk|a volunteer from {town}|the conductor",
        "group": "the commuters|railway volunteers|the track workers|school children|the passengers|the signal staff",
        "thing": "signal box|branch line|ticket office|water tower|goods wagon|level crossing|engine shed|timetable|"
        "waiting room|iron bridge|points lever|brake van|platform clock|steam engine",
        "things": "sleepers|carriages|signals|tickets|wagons|rail joints|boiler tubes|timetables|platforms|lamps|"
        "luggage carts|track circuits",
        "place": "on the single track to {town}|at the end of the platform|north of the tunnel|beside the goods yard|"
        "in the old engine shed|at the junction|under the footbridge",
        "did": "repainted|inspected|coupled|cleaned|delayed|restored|oiled|surveyed|replaced|numbered",
        "do": "repaint|inspect|couple|clean|delay|restore|oil|survey|replace|number",
        "fact": "leaves on the line cost more than snow|a steam engine drinks more than it burns|"
        "hot rails bend towards the curve|freight pays for the quiet hours|a late train makes the next one later|"
        "clocks ended local time|short platforms shape the timetable|a signal lamp is brighter than it looks|"
        "small stations die slowly|points freeze before the rails do|the busiest hour is the one before school|"
        "narrow gauge suits steep valleys",
        "why": "a tree had fallen across the track|the boiler certificate had expired|the signal was stuck at danger|"
        "the last express had been withdrawn|the bridge needed new bearings|ballast had washed away|"
        "a driver had missed his connection|the ministry ordered a review",
        "adj": "punctual|draughty|restored|disused|overcrowded|single-track|elegant|freshly oiled",
    },
}

SHARED: dict[str, str] = {
    "first": "Agnes|Bertram|Clara|Dorian|Edith|Felix|Greta|Hugo|Ingrid|Jonas|Kitty|Leopold|Maud|Nigel|Olive|Percy|Rhoda|"
    "Silas|Tilda|Vera|Walter|Yvonne|Amos|Beatrix|Conrad|Delia|Esther|Fergus|Hester|Ivor",
    "last": "Abery|Brandreth|Colwick|Dunmore|Eastlake|Farrant|Gribble|Holloway|Inskip|Jessop|Kerslake|Lovell|Marchbank|"
    "Nettleton|Orchard|Pellow|Quarrie|Rudge|Sallow|Thackray|Uttley|Venning|Wickham|Yeo|Ashdown|Bellamy|Crowther|Dacre",
    "town": "Aldwick|Bramford|Coldharbour|Dunsley|Elmbridge|Farrowby|Gorsehill|Hazelmere|Ivelstone|Kettleby|Larkford|"
    "Millbrook|Netherby|Oakhampton|Penwick|Quayside|Ravensby|Stonely|Thornbury|Westerham|Winslow|Yarborough",
    "when": "last spring|on a quiet Tuesday in March|before the holidays|at the end of a dry summer|shortly after dawn|"
    "in the second week of October|one evening in late November|for the third year running|early on Sunday|"
    "after a long winter|during the open day|by the middle of May|on the morning of the fair|towards the end of the war|"
    "between two rainy weeks|in the summer of 1987|around noon|only a month later|not long ago|some years ago",
    "number": "three|four|five|six|seven|eight|nine|ten|a dozen|fourteen|twenty|thirty-one|forty",
    "amount": "about two hundred|nearly sixty|more than a hundred|at least seventy-five|barely thirty|well over ninety|"
    "some four hundred|roughly eighteen",
    "span": "almost a decade|six long weeks|the best part of a year|two whole seasons|four days|a single afternoon|"
    "eleven months|half a lifetime|one rainy weekend|three quarters of an hour",
    "view": "hardly worth the trouble|a sensible compromise|one of the better ideas of that year|easier than it sounds|"
    "a question of patience|more expensive than it should be|the best decision in years|a job for two people|"
    "an honest mistake|perfectly normal|a small miracle|not as simple as it looks",
    "effect": "nobody complained|the results improved at once|the old habit came back within a week|"
    "it cost next to nothing|the argument was settled|people began to ask questions|the rest of the work went quickly|"
    "half of them gave up|everyone wanted a copy|the difference was plain to see|the committee changed its mind|"
    "there was cake for all",
    "hedge": "as far as anyone remembers|if the notes can be trusted|according to {first} {last}|in most cases|"
    "to everyone's surprise|at least in theory|as a rule|for reasons nobody wrote down|with a little luck|in hindsight",
    "kind": "careful|stubborn|cheerful|quiet|practical|curious|impatient|modest|forgetful|generous",
    "menu": "Home|About us|Events|Archive|Contact|Newsletter|Members|Photos|Shop|Links",
    "banner": "We use cookies to make your visit more pleasant.|This site uses cookies; by reading on you agree.|"
    "Cookies help us to see which pages are read.",
}
