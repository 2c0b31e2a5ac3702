// What kind of thing a descriptor is, found without a question to whoever serves it: a file system
// of a stranger (FUSE) may never answer. Any thread.
#pragma once

#include "server/kernel/kept.h"

namespace socketd {

FileKind KindOf(int fd);
// Whether epoll(7) can tell its end, and nobody can hold up the answer.
bool HangsUp(FileKind kind);

}  // namespace socketd
