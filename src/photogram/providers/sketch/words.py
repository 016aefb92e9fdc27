"""The words the sketcher knows, in English and Portuguese, folded (lower case, no accents), singular."""

from __future__ import annotations

from collections.abc import Mapping

from .colours import word_set

Lexicon = Mapping[str, tuple[str, str]]
"""What is meant → the English and the Portuguese words for it, separated by commas; a phrase has spaces."""

TIMES: Lexicon = {
    "dawn": ("dawn,daybreak,sunrise,first light", "amanhecer,alvorada,aurora da manha,nascer do sol,madrugada"),
    "morning": ("morning,breakfast", "manha"),
    "noon": ("noon,midday,day,daytime,daylight", "meio dia,dia"),
    "afternoon": ("afternoon", "tarde"),
    "golden": ("golden hour,golden light,magic hour", "hora dourada,luz dourada,fim de tarde"),
    "sunset": ("sunset,sundown,setting sun", "por do sol,poente,ocaso"),
    "dusk": ("dusk,twilight,evening,blue hour,nightfall", "crepusculo,anoitecer,entardecer,lusco fusco,hora azul"),
    "night": ("night,nighttime,nocturnal,moonlight,moonlit,starlight", "noite,noturno,noturna,luar"),
    "midnight": ("midnight,dead of night", "meia noite"),
}

WEATHER: Lexicon = {
    "clear": ("clear,sunny,cloudless,bright", "limpo,limpa,ensolarado,ensolarada,claro,clara"),
    "cloudy": ("cloudy,overcast,cloud,grey sky,gray sky", "nublado,nublada,nuvem,encoberto,ceu cinza"),
    "rain": ("rain,rainy,raining,drizzle,shower,wet", "chuva,chuvoso,chuvosa,chovendo,garoa,chuvisco"),
    "storm": ("storm,stormy,thunder,thunderstorm,lightning,tempest,hurricane",
              "tempestade,tormenta,trovoada,raio,relampago,temporal,tempestuoso"),
    "snow": ("snow,snowing,snowfall,blizzard,snowstorm", "neve,nevando,nevasca"),
    "fog": ("fog,foggy,mist,misty,haze,hazy", "neblina,nevoeiro,bruma,nevoa,enevoado,enevoada,cerracao"),
    "rainbow": ("rainbow", "arco iris"),
    "aurora": ("aurora,aurora borealis,northern light,polar light", "aurora boreal,aurora austral,luz do norte"),
    "wind": ("wind,windy,breeze,breezy", "vento,ventoso,ventania,brisa"),
}  # fmt: skip

SEASONS: Lexicon = {
    "spring": ("spring,springtime,blossom,cherry blossom,sakura,blooming", "primavera,florido,florida,cerejeira"),
    "summer": ("summer,summertime,tropical", "verao"),
    "autumn": ("autumn,fall,autumnal,fall foliage", "outono,outonal"),
    "winter": (
        "winter,wintry,wintertime,frozen,frosty,icy,snowy,snow capped,snow covered",
        "inverno,invernal,gelado,gelada,congelado,nevado,nevada",
    ),
}

PLACES: Lexicon = {
    "sea": ("sea,ocean,seaside,seascape,wave,bay,harbor,harbour,port,marina,pier,water,underwater,regatta,venice",
            "mar,oceano,onda,baia,porto,agua,cais,pier,maresia,veneza"),
    "coast": ("coast,coastal,cliff,headland,shore,shoreline,rocky coast,fjord",
              "costa,litoral,falesia,penhasco,fiorde"),
    "beach": ("beach,sandy beach,dune beach,lagoon", "praia,areia da praia,lagoa"),
    "island": ("island,isle,archipelago,atoll", "ilha,arquipelago"),
    "mountains": ("mountain,peak,alp,alpine,summit,himalaya,range,volcano,matterhorn",
                  "montanha,serra,pico,cume,cordilheira,vulcao,alpe,andes"),
    "forest": ("forest,wood,woodland,jungle,grove,rainforest", "floresta,bosque,mata,selva,mato"),
    "desert": ("desert,dune,sahara,mesa,canyon,oasis", "deserto,duna,canion,oasis,saara"),
    "city": ("city,skyline,cityscape,downtown,metropolis,skyscraper,urban,town,street,new york,tokyo,manhattan,venice",
             "cidade,metropole,arranha ceu,urbano,urbana,centro,rua,predio,sao paulo,edificio,veneza"),
    "space": ("space,planet,galaxy,nebula,cosmos,cosmic,outer space,alien,mars,saturn,jupiter,astronaut,universe",
              "espaco,planeta,galaxia,nebulosa,cosmo,cosmico,universo,marte,saturno,jupiter,astronauta"),
    "lake": ("lake,pond,reservoir", "lago,lagoa azul,represa"),
    "river": ("river,stream,creek,brook,canal,waterfall", "rio,riacho,corrego,canal,ribeirao,cachoeira"),
    "hills": ("hill,valley,countryside,landscape,highland,tuscany,vineyard,farm,farmland",
              "colina,morro,vale,campo aberto,paisagem,interior,fazenda,sitio,roca,vinhedo"),
    "meadow": ("meadow,field,grassland,prairie,pasture,garden,park,plain,savanna,lawn",
               "prado,campo,pasto,jardim,parque,planicie,savana,cerrado,gramado,pradaria"),
    "village": ("village,hamlet,cottage village", "vila,vilarejo,aldeia,povoado,vilinha"),
}  # fmt: skip

THINGS: Lexicon = {
    "sun": ("sun", "sol"),
    "moon": ("moon,full moon", "lua,lua cheia"),
    "crescent": ("crescent,crescent moon,new moon", "lua crescente,lua minguante,lua nova"),
    "stars": ("star,starry,starry sky,milky way,constellation", "estrela,estrelado,estrelada,via lactea,constelacao"),
    "meteor": ("meteor,shooting star,falling star,comet", "meteoro,estrela cadente,cometa"),
    "clouds": ("cloud", "nuvem"),
    "lighthouse": ("lighthouse,beacon", "farol"),
    "tree": ("tree,oak,maple,birch,apple tree", "arvore,carvalho,ipe,macieira,mangueira"),
    "pine": ("pine,fir,spruce,conifer,pine tree,cedar,cypress", "pinheiro,abeto,cipreste,araucaria"),
    "palm": ("palm,palm tree,coconut tree", "palmeira,coqueiro"),
    "boat": ("boat,rowboat,canoe,fishing boat,gondola", "barco,bote,canoa,jangada,barquinho,gondola"),
    "sailboat": ("sailboat,sail,yacht,sailing boat,regatta", "veleiro,barco a vela,vela,iate"),
    "ship": ("ship,steamer,galleon,ferry,vessel,liner", "navio,galeao,balsa,caravela,transatlantico"),
    "bird": ("bird,seagull,gull,swallow,crow,raven,goose,geese,eagle,parrot",
             "passaro,gaivota,ave,andorinha,corvo,ganso,aguia,passarinho,arara"),
    "house": ("house,home,cottage,farmhouse,villa,barn,hut", "casa,chale,casarao,celeiro,casinha,lar,sobrado"),
    "cabin": ("cabin,log cabin,lodge,shack", "cabana,choupana,refugio"),
    "church": ("church,chapel,cathedral,temple,steeple", "igreja,capela,catedral,templo"),
    "castle": ("castle,fortress,palace,citadel", "castelo,fortaleza,palacio"),
    "tower": ("tower,clock tower,watchtower", "torre"),
    "bridge": ("bridge,viaduct,aqueduct", "ponte,viaduto,aqueduto"),
    "windmill": ("windmill,mill,wind turbine", "moinho,moinho de vento,cata vento"),
    "balloon": ("balloon,hot air balloon", "balao,balao de ar quente"),
    "kite": ("kite", "pipa,papagaio de papel"),
    "airplane": ("airplane,plane,aeroplane,aircraft,jet", "aviao,jato"),
    "rocket": ("rocket,spaceship,spacecraft,starship,shuttle", "foguete,nave,espaconave,nave espacial"),
    "train": ("train,locomotive,railway", "trem,locomotiva,comboio,ferrovia"),
    "flower": ("flower,poppy,tulip,daisy,rose,sunflower,lavender,wildflower,lily",
               "flor,papoula,tulipa,margarida,girassol,lavanda,lirio"),
    "cactus": ("cactus,cacti,saguaro", "cacto,mandacaru"),
    "mushroom": ("mushroom,toadstool,fungus", "cogumelo"),
    "cat": ("cat,kitten,kitty", "gato,gata,gatinho,gatinha"),
    "dog": ("dog,puppy,wolf,fox", "cachorro,cao,lobo,raposa,cadela"),
    "horse": ("horse,pony,cow,cattle", "cavalo,vaca,boi,egua"),
    "sheep": ("sheep,lamb,goat", "ovelha,cordeiro,cabra,carneiro"),
    "deer": ("deer,stag,elk,moose", "cervo,veado,alce"),
    "person": ("person,people,man,woman,girl,boy,child,children,figure,wanderer,traveler,walker,couple",
               "pessoa,homem,mulher,menina,menino,crianca,figura,viajante,casal,gente"),
    "fish": ("fish,whale,dolphin", "peixe,baleia,golfinho"),
    "fence": ("fence", "cerca"),
    "path": ("path,road,trail,lane", "caminho,estrada,trilha,vereda"),
    "rock": ("rock,stone,boulder", "rocha,pedra,rochedo"),
    "umbrella": ("umbrella,parasol", "guarda sol,guarda chuva,sombrinha"),
    "tent": ("tent,camp,camping,campfire", "tenda,barraca,acampamento,fogueira"),
    "lantern": ("lantern,lamp,streetlight,sky lantern", "lanterna,lampiao,poste,luminaria"),
    "planet": ("planet,saturn,jupiter,mars,ringed planet", "planeta,saturno,jupiter,marte"),
    "reeds": ("reed,grass,wheat,bulrush", "capim,junco,trigo,grama"),
    "pyramid": ("pyramid", "piramide"),
}  # fmt: skip

MOODS: Lexicon = {
    "calm": ("calm,peaceful,serene,quiet,tranquil,still,zen", "calmo,calma,sereno,serena,tranquilo,tranquila,paz"),
    "dramatic": ("dramatic,epic,majestic,intense,powerful",
                 "dramatico,dramatica,epico,epica,majestoso,majestosa,intenso"),
    "melancholic": ("melancholic,melancholy,sad,lonely,wistful,nostalgic,alone,solitary",
                    "melancolico,melancolica,melancolia,triste,solitario,solitaria,saudade,nostalgico,nostalgia"),
    "dreamy": ("dreamy,dream,dreamlike,magical,ethereal,surreal,fantasy,fairytale,enchanted,mystical",
               "sonhador,sonho,onirico,onirica,magico,magica,etereo,surreal,fantasia,encantado,encantada"),
    "gloomy": ("gloomy,dark,ominous,spooky,haunted,eerie,scary,grim",
               "sombrio,sombria,escuro,escura,assustador,assombrado,assombrada,sinistro"),
    "joyful": ("joyful,happy,cheerful,vibrant,colorful,colourful,festive,playful,vivid",
               "alegre,feliz,vibrante,colorido,colorida,festivo,festa,divertido,vivo"),
    "cozy": ("cozy,cosy,warm,snug", "aconchegante,quente,acolhedor"),
    "cold": ("cold,cool,freezing", "frio,fria,fresco"),
}  # fmt: skip

STYLE_WORDS: Lexicon = {
    "painting": ("painting,gouache,oil painting,oil,acrylic,painted", "pintura,guache,oleo,pintura a oleo,acrilica"),
    "watercolor": ("watercolor,watercolour,water color,aquarelle,wash", "aquarela,aguada"),
    "ink": ("ink,pen and ink,hatching,etching,engraving,woodcut,line drawing,sumi e,pencil,charcoal",
            "nanquim,tinta,bico de pena,hachura,gravura,xilogravura,lapis,carvao"),
    "poster": ("poster,travel poster,flat,screen print,vector,art deco,minimalist,flat design,ukiyo e",
               "cartaz,poster,serigrafia,vetor,minimalista"),
    "pixel_art": ("pixel art,pixel,8 bit,16 bit,8bit,16bit,retro game,pixelated", "arte pixel,pixelado,pixelada"),
    "blueprint": ("blueprint,technical drawing,schematic,cyanotype,architectural plan",
                  "planta baixa,planta,projeto,desenho tecnico,cianotipia"),
}  # fmt: skip

NUMBERS: Mapping[str, int] = {
    word: number
    for number, words in {
        1: "one,a,an,single,lone,um,uma,unico,unica",
        2: "two,couple,pair,dois,duas,par",
        3: "three,tres,few",
        4: "four,quatro,some,alguns,algumas,uns,umas",
        5: "five,cinco,several,varios,varias",
        6: "six,seis,group,grupo",
        7: "seven,sete",
        8: "eight,oito,fleet,frota",
        9: "nine,nove,flock,bando,many,muitos,muitas,herd,rebanho",
        10: "ten,dez,dozens,lots,dezenas",
        11: "eleven,onze",
        12: "twelve,dozen,doze,duzia,hundreds,centenas",
    }.items()
    for word in words.split(",")
}
"""Words that say how many."""

NOT: Mapping[str, frozenset[str]] = {
    "en": frozenset({"no", "without", "not", "never", "minus", "sans"}),
    "pt": frozenset({"sem", "nao", "nem", "nenhum", "nenhuma"}),
}
"""Words that leave out what they precede; "no" is one in English only ("no mar" is "at sea")."""

JOINS = frozenset({"and", "or", "nor", "e", "ou", "nem", "any", "a", "the", "de", "o", "as", "os"})
"""Words over which a "no" reaches on."""

PORTUGUESE = word_set(
    "um uma dois duas do da dos das na nos nas ao aos em com sem de e o os as pelo pela sob sobre entre tres"
)
"""Small words that give the language away."""

ENGLISH = word_set("the of at in on with without and under over an by from two three")
"""Small words that give the language away."""
