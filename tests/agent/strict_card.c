/* A PKCS#11 library that counts wrong PINs, as a card does and SoftHSM2 does not: three, and it is locked.
 *
 * It passes every call on to the library named by STRICT_LIBRARY, but for a few (PKCS#11 2.40 §5). With STRICT_KEYPAD,
 * the PIN is that text, typed as it were on the reader; with STRICT_REMOVABLE, the slot is one that can be emptied; with STRICT_SLOW,
 * each signature takes that many microseconds.
 */
#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef unsigned long ulong;
typedef ulong (*call)();
typedef struct { unsigned char version[2]; call functions[68]; } list;

enum { GET_SLOT_INFO = 5, GET_TOKEN_INFO = 6, LOGIN = 18, SIGN = 43 };
enum { FLAGS_AT = 96 }; /* in CK_SLOT_INFO and in CK_TOKEN_INFO alike */
enum { REMOVABLE = 0x2, KEYPAD = 0x100, COUNT_LOW = 0x10000, FINAL_TRY = 0x20000, LOCKED = 0x40000 };
enum { PIN_INCORRECT = 0xA0, PIN_LOCKED = 0xA4, TRIES = 3 };

static list ours, *theirs;
static int wrong;

static ulong slot_info(ulong slot, char *info)
{
    ulong result = theirs->functions[GET_SLOT_INFO](slot, info);
    if (getenv("STRICT_REMOVABLE"))
        *(ulong *)(info + FLAGS_AT) |= REMOVABLE;
    return result;
}

static ulong token_info(ulong slot, char *info)
{
    ulong result = theirs->functions[GET_TOKEN_INFO](slot, info), *flags = (ulong *)(info + FLAGS_AT);
    if (getenv("STRICT_KEYPAD"))
        *flags |= KEYPAD;
    if (wrong > 0)
        *flags |= COUNT_LOW;
    if (wrong == TRIES - 1)
        *flags |= FINAL_TRY;
    if (wrong == TRIES)
        *flags |= LOCKED;
    return result;
}

static ulong login(ulong session, ulong user, char *pin, ulong length)
{
    ulong result;
    if (wrong == TRIES)
        return PIN_LOCKED;
    if (!pin) {
        pin = getenv("STRICT_KEYPAD");
        length = strlen(pin);
    }
    result = theirs->functions[LOGIN](session, user, pin, length);
    wrong = result == PIN_INCORRECT ? wrong + 1 : 0;
    return result == PIN_INCORRECT && wrong == TRIES ? PIN_LOCKED : result;
}

static ulong sign(ulong session, char *data, ulong length, char *signature, ulong *size)
{
    if (signature && getenv("STRICT_SLOW"))
        usleep(atoi(getenv("STRICT_SLOW")));
    return theirs->functions[SIGN](session, data, length, signature, size);
}

ulong C_GetFunctionList(list **answer)
{
    ulong (*get)(list **) = dlsym(dlopen(getenv("STRICT_LIBRARY"), RTLD_NOW), "C_GetFunctionList");
    ulong result = get(&theirs);
    ours = *theirs;
    ours.functions[GET_SLOT_INFO] = (call)slot_info;
    ours.functions[GET_TOKEN_INFO] = (call)token_info;
    ours.functions[LOGIN] = (call)login;
    ours.functions[SIGN] = (call)sign;
    *answer = &ours;
    return result;
}
