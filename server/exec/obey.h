// Obeys an order, word by word. Bare system calls only: it runs in the executor's own memory, or
// (orders that change no identity) in a child that shares the daemon's memory until its exec.
#pragma once

#include "server/exec/order.h"

namespace socketd::exec {

// Obeys the words up to "=" and returns where the program's path stands; its arguments follow.
// Null: `trouble` says what failed.
const char* const* Obey(const char* const* words, char* const* environment, Trouble& trouble);

// Writes what is wanted as decimal digits, ended by NUL; `text` has room for 21 bytes.
void PutNumber(char* text, unsigned long value);  // NOLINT(google-runtime-int)

}  // namespace socketd::exec
