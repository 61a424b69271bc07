"""Which packages the training material comes from; all of it is for training, and none of it ships."""

from __future__ import annotations


def _names(text: str) -> list[str]:
    return text.split()


FONTS_DEBIAN = _names("""
fonts-noto-core fonts-noto-cjk fonts-freefont-ttf fonts-dejavu-core fonts-dejavu-extra fonts-wqy-microhei
fonts-wqy-zenhei fonts-arphic-ukai fonts-arphic-uming fonts-arphic-gbsn00lp fonts-arphic-gkai00mp
fonts-arphic-bsmi00lp fonts-arphic-bkai00mp fonts-lxgw-wenkai fonts-smiley-sans fonts-cns11643-kai
fonts-cwtex-fs fonts-cwtex-heib fonts-cwtex-kai fonts-cwtex-ming fonts-cwtex-yen fonts-babelstone-han
fonts-droid-fallback fonts-ipaexfont-gothic fonts-ipaexfont-mincho fonts-vlgothic fonts-takao-gothic
fonts-takao-mincho fonts-aoyagi-kouzan-t fonts-aoyagi-soseki fonts-kouzan-mouhitsu fonts-dejima-mincho
fonts-dotgothic16 fonts-horai-umefont fonts-umeplus fonts-kiloji fonts-komatuna fonts-konatu fonts-migmix
fonts-mmcedar fonts-morisawa-bizud-gothic fonts-morisawa-bizud-mincho fonts-motoya-l-cedar
fonts-motoya-l-maruberi fonts-mplus fonts-oradano-mincho-gsrr fonts-rampart fonts-reggae fonts-rocknroll
fonts-sawarabi-gothic fonts-sawarabi-mincho fonts-seto fonts-stick fonts-yusei-magic
fonts-yozvox-yozfont-antique fonts-ricty-diminished fonts-nanum fonts-nanum-extra
fonts-unfonts-core fonts-unfonts-extra fonts-baekmuk fonts-alee fonts-lexi-gulim
fonts-lexi-saebom fonts-naver-d2coding fonts-woowa-bm fonts-tlwg-garuda-ttf fonts-tlwg-kinnari-ttf
fonts-tlwg-laksaman-ttf fonts-tlwg-loma-ttf fonts-tlwg-mono-ttf fonts-tlwg-norasi-ttf fonts-tlwg-purisa-ttf
fonts-tlwg-sawasdee-ttf fonts-tlwg-typewriter-ttf fonts-tlwg-typist-ttf fonts-tlwg-typo-ttf
fonts-tlwg-umpush-ttf fonts-tlwg-waree-ttf fonts-arundina fonts-kacst fonts-kacst-one
fonts-hosny-amiri fonts-hosny-thabit fonts-sil-scheherazade fonts-sil-lateef fonts-sil-harmattan
fonts-sil-alkalami fonts-arabeyes fonts-farsiweb fonts-freefarsi fonts-nafees fonts-paktype fonts-ukij-uyghur
fonts-unikurdweb fonts-lemonada culmus culmus-fancy fonts-sil-ezra fonts-deva-extra fonts-lohit-deva
fonts-lohit-deva-marathi fonts-gargi fonts-nakula fonts-sahadeva fonts-samyak-deva fonts-sarai
fonts-aksharyogini2 fonts-sil-annapurna fonts-beng-extra fonts-lohit-beng-bengali
fonts-lohit-beng-assamese fonts-lohit-taml fonts-lohit-taml-classical fonts-taml-tscu fonts-taml-tamu
fonts-meera-inimai fonts-samyak-taml fonts-lohit-telu fonts-telu-extra fonts-teluguvijayam fonts-gfs-artemisia
fonts-gfs-baskerville fonts-gfs-bodoni-classic fonts-gfs-complutum fonts-gfs-didot fonts-gfs-didot-classic
fonts-gfs-gazis fonts-gfs-neohellenic fonts-gfs-olga fonts-gfs-porson fonts-gfs-solomos fonts-gfs-theokritos
fonts-adf-accanthis fonts-adf-baskervald fonts-adf-berenis fonts-adf-gillius fonts-adf-ikarius
fonts-adf-irianis fonts-adf-libris fonts-adf-mekanus fonts-adf-oldania fonts-adf-romande fonts-adf-solothurn
fonts-adf-switzera fonts-adf-tribun fonts-adf-universalis fonts-adf-verana fonts-allerta
fonts-anonymous-pro fonts-apropal fonts-arapey fonts-averia-gwf fonts-averia-sans-gwf fonts-averia-serif-gwf
fonts-b612 fonts-bajaderka fonts-bebas-neue fonts-beteckna fonts-breip fonts-cabin
fonts-cabinsketch fonts-cantarell fonts-cardo fonts-century-catalogue fonts-cherrybomb fonts-clear-sans
fonts-comfortaa fonts-comic-neue fonts-compagnon fonts-courier-prime fonts-croscore fonts-crosextra-caladea
fonts-crosextra-carlito fonts-dancingscript fonts-dkg-handwriting fonts-dosis fonts-dustin fonts-ebgaramond
fonts-ecolier-court fonts-elstob fonts-engadget fonts-essays1743 fonts-fantasque-sans fonts-fanwood
fonts-femkeklaver fonts-firacode fonts-georgewilliams fonts-go fonts-gotico-antiqua fonts-goudybookletter
fonts-hack fonts-havana fonts-hermit fonts-humor-sans fonts-inconsolata fonts-inter fonts-isabella
fonts-jetbrains-mono fonts-johnsmith-induni fonts-joscelyn fonts-junction fonts-junicode fonts-jura
fonts-karla fonts-karmilla fonts-kaushanscript fonts-klaudia-berenika fonts-kristi fonts-lato fonts-le-murmure
fonts-league-mono fonts-league-spartan fonts-leckerli-one fonts-liberation fonts-lindenhill
fonts-linuxlibertine fonts-lobster fonts-lobstertwo fonts-manrope fonts-millimetre fonts-monofur
fonts-mononoki fonts-national-park fonts-ocr-a fonts-okolaks fonts-oldstandard fonts-open-sans fonts-opendin
fonts-opendyslexic fonts-oxygen fonts-paratype fonts-play fonts-prociono fonts-quattrocento fonts-quicksand
fonts-radisnoir fonts-roadgeek fonts-roboto-unhinted fonts-roboto-slab fonts-routed-gothic fonts-rufscript
fonts-sil-andika fonts-sil-charis fonts-sil-gentium fonts-sil-gentiumplus fonts-sjfonts fonts-solide-mirage
fonts-sora fonts-staypuft fonts-stix fonts-summersby fonts-texgyre fonts-tiresias fonts-tomsontalks
fonts-tuffy fonts-ubuntu-title fonts-urw-base35 fonts-vollkorn fonts-yanone-kaffeesatz fonts-yrsa-rasa
fonts-sixtyfour fonts-triod-postnaja fonts-cegui fonts-campania fonts-gnutypewriter
fonts-eurofurence
""")
"""Debian packages of fonts: first every script, then CJK, Thai, Arabic, Hebrew, Indic, Greek and Latin."""

FONTS_PYPI = _names("""
fontpkg-abril-fatface fontpkg-alfa-slab-one fontpkg-almarai fontpkg-anek-telugu fontpkg-anton
fontpkg-archivo-black fontpkg-assistant fontpkg-baloo-2 fontpkg-barlow-condensed fontpkg-be-vietnam-pro
fontpkg-bitter fontpkg-black-ops-one fontpkg-bungee fontpkg-cairo fontpkg-catamaran fontpkg-caveat
fontpkg-chakra-petch fontpkg-cinzel fontpkg-delius fontpkg-dm-serif-display fontpkg-encode-sans fontpkg-exo-2
fontpkg-fira-sans fontpkg-fjalla-one fontpkg-frank-ruhl-libre fontpkg-fredoka fontpkg-gravitas-one
fontpkg-great-vibes fontpkg-heebo fontpkg-hind fontpkg-hind-siliguri fontpkg-ibm-plex-sans-arabic
fontpkg-ibm-plex-serif fontpkg-indie-flower fontpkg-josefin-sans fontpkg-kalam fontpkg-kanit
fontpkg-lilita-one fontpkg-lora fontpkg-luckiest-guy fontpkg-merriweather fontpkg-montserrat fontpkg-mukta
fontpkg-noto-kufi-arabic fontpkg-oleo-script fontpkg-orbitron fontpkg-oswald fontpkg-pacifico
fontpkg-permanent-marker fontpkg-playfair-display fontpkg-poppins fontpkg-press-start-2p fontpkg-prompt
fontpkg-rajdhani fontpkg-righteous fontpkg-roboto-mono fontpkg-rowdies fontpkg-rubik
fontpkg-russo-one fontpkg-sarabun fontpkg-satisfy fontpkg-shadows-into-light fontpkg-spectral fontpkg-tajawal
fontpkg-teko fontpkg-titan-one fontpkg-unbounded fontpkg-yellowtail fontpkg-zeyada fontpkg-zilla-slab
""")
"""Python packages of single families of the Google Fonts collection."""

FONTS_NPM = _names("""
@fontsource/coiny @fontsource/hind-madurai @fontsource/liu-jian-mao-cao @fontsource/long-cang
@fontsource/ma-shan-zheng @fontsource/zcool-kuaile @fontsource/zcool-qingke-huangyou @fontsource/zcool-xiaowei
@fontsource/zhi-mang-xing
""")
"""npm packages of display and brush families for scripts of which Debian has few: Chinese and Tamil."""

PHOTOS_DEBIAN = _names("""
gnome-backgrounds mate-backgrounds plasma-workspace-wallpapers openarena-081-textures colobot-common-textures
lomiri-wallpapers-16.04 lomiri-wallpapers-20.04 ukui-wallpapers ufoai-textures
""")
"""Debian packages of photographs, wallpapers and wall, metal and wood textures."""

PHOTOS_PYPI = ["scikit-image", "scikit-learn"]
"""Python packages whose wheels carry a few photographs and textures."""

TOOLS = ["better-profanity", "jieba", "opencc", "wordfreq"]
"""Python packages for the word lists: what to leave out, Chinese words, their traditional form, frequencies."""
