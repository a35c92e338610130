"""The words that the tokenizer knows as a whole; everything else is spelled letter by letter."""

from __future__ import annotations

#: Stand at the start of a sentence, so they are known with a capital letter too.
OPENERS = """
a all an and answer are at ask before both but by can choose could dear does each every find first for from given give
how if in is it let list long look market my name no not now of on once one or please question read say she he some the
then there these they think this to today total two we what when where which who why with word words write yes you your
"""

#: Words of the shipped worlds, numbers, dates, connectives and a small everyday vocabulary.
COMMON = """
a about above across after again against ago all alone along also always among an and animal another answer
answers any apple are around as ask asked asks at away back bad bag ball bank be became because been before
began begin behind being below best better between big bird black blue boat book both bottom box boy bread bring
brother brown but buy by call called came can car card cat cats cause cents change child children choose city
clear close cloud clue coin coins cold color come correct cost could count country cow cup cut day days dear did
different do does dog dogs dollars done door double down draw drink each early earth east easy eat egg eight
eighteen eighty eleven end ends enough equal even evening ever every exam example explain eye face fact fall false
family far farm fast father feet few fifteen fifth fifty find fine finish fire first fish five flower follow food
for form forty found four fourteen fourth friend friends from front full game garden gave get girl give given
gives go goes gold good got grandmother great green ground grow had half hand happy hard has have he head hear
heart held help her here high hill him his hold home horse hot hour hours house how hundred i idea if in inside
into is it its job just keep kept key kind king know known lake land large last late later learn least leave left
less let letter letters life light like line list little live long longer look lost lot love made mail make man
many mark market may me mean means milk mind minute minutes money month months moon more morning most mother
mountain much must my name names near need never new next night nine nineteen ninety no none noon north not note
nothing notice now number numbers of off often old on once one only open or orange order other our out outside
over page paid pair paper part pass past pay pen people person picture piece place plan plant play please point
poor price problem product put queen question quick rain ran read ready reason red remember rest result rich right
river road room round row rule run said same sat saw say says school sea second seconds see seen sell sentence
set seven seventeen seventy several shall she ship shop short should show side silver simple since sister six
sixteen sixty skill small snow so solve some song soon sort sound south spell spoken stand star start stay step
steps still stone stop store story street strong style sum summer sun sure table take taken tell ten text than
thank thanks that the their them then there these they thing things think third thirteen thirty this those
thought thousand three through time times title to today together told tomorrow too took top total town train
tree trees true try turn twelve twenty two type under until up upon us use used value very voice wait walk wall
want was water way we week weeks well went were west what when where which while white who whole whose why will
wind window winter wish with without wood word words work world would write written wrong wrote year years yellow
yes yesterday you young your zero
penultimate march minus plus kingdom teacher student doctor patient
causes date due eggs flood health heat ice joy knew largest low luck meets mine mud pain plants reached reads ring risk
smallest smoke storm undetermined waves
"""

#: Written with a capital letter wherever they stand.
NAMES = """
January February March April May June July August September October November December Monday Tuesday Wednesday Thursday
Friday Saturday Sunday
"""

#: Start a text or a line in lower case.
STARTERS = """
answer ball bird cat cold cup dog egg fire first flood food from health heat ice joy largest last left letter letters
light luck market money mud pain penultimate plants rain result river road school second set smallest smoke snow steps
storm sun waves wind winter word words work
"""


def whole_words() -> list[str]:
    """List the vocabulary entries that are words, with the space before them where there is one.

    Returns
    -------
    list of str
        Sorted and all different.

    Examples
    --------
    >>> {" letter", "What", " What"} <= set(whole_words())
    True
    """
    inside = {f" {word}" for word in COMMON.split() if len(word) > 1}
    inside |= {f" {word}" for word in OPENERS.split() if len(word) > 1}
    capitals = {word.capitalize() for word in OPENERS.split() if len(word) > 1} | set(NAMES.split())
    return sorted(inside | capitals | {f" {word}" for word in capitals} | set(STARTERS.split()))
