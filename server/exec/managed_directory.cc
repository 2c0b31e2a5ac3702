#include "server/exec/managed_directory.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "server/exec/system_call.h"

// NOLINTBEGIN(google-runtime-int): system calls take machine words
namespace socketd::exec {
namespace {

constexpr int kPathSize = 4096;  // PATH_MAX, with its NUL
constexpr int kLinksMax = 40;    // as the kernel follows, path_resolution(7)
constexpr long kLook = O_PATH | O_NOFOLLOW | O_CLOEXEC;

// Copies with the NUL; -ENAMETOOLONG if there is no room for it.
long Copy(const char* from, char* to, int room) {
  for (int i = 0; i < room; ++i) {
    to[i] = from[i];
    if (from[i] == 0) return 0;
  }
  return -ENAMETOOLONG;
}

// What is still ahead of a walk; parts are taken from its front.
struct Way {
  char text[kPathSize];
  int links = 0;
};

// Takes the next part off; an empty one is the end.
void TakePart(Way& way, char* part) {
  int at = 0;
  while (way.text[at] == '/')
    ++at;
  for (; way.text[at] != 0 && way.text[at] != '/'; ++at)
    *part++ = way.text[at];
  *part = 0;
  Copy(way.text + at, way.text, kPathSize);
}

bool IsAtEnd(const Way& way) {
  const char* ahead = way.text;
  while (*ahead == '/')
    ++ahead;
  return *ahead == 0;
}

// The target of a link goes before what is ahead: what was looked at is what is followed. 1: it
// begins at the root.
long Follow(long link, Way& way) {
  char rest[kPathSize];
  Copy(way.text, rest, kPathSize);
  const long length = Call(SYS_readlinkat, link, Address(""), Address(way.text), kPathSize - 1);
  if (length <= 0) return length < 0 ? length : -ENOENT;
  const long joined = Copy(rest, way.text + length, kPathSize - static_cast<int>(length));
  if (joined < 0) return joined;
  return way.text[0] == '/' ? 1 : 0;
}

// Looks at one part, made if it is missing. What is at the end is made closed: the owner and the
// mode come later.
long OpenOrMake(long folder, const char* part, bool last) {
  const long there = Call(SYS_openat, folder, Address(part), kLook);
  if (there != -ENOENT) return there;
  const long made = Call(SYS_mkdirat, folder, Address(part), last ? 0700 : 0755);
  if (made < 0 && made != -EEXIST) return made;
  return Call(SYS_openat, folder, Address(part), kLook);
}

// Goes on to a part that was opened; takes `next` over. The folder to go on from, or -errno.
long Enter(long folder, long next, bool last, Way& way) {
  struct stat status{};
  long result = Call(SYS_newfstatat, next, Address(""), Address(&status), AT_EMPTY_PATH);
  const bool link = S_ISLNK(status.st_mode) && !last;
  if (result == 0 && !link && !S_ISDIR(status.st_mode)) result = -ENOTDIR;
  if (result == 0 && !link) {
    Call(SYS_close, folder);
    return next;
  }
  if (result == 0) {
    const bool trusted =
        status.st_uid == 0 || static_cast<long>(status.st_uid) == Call(SYS_geteuid);
    result = trusted && ++way.links <= kLinksMax ? Follow(next, way) : -ELOOP;
  }
  Call(SYS_close, next);
  if (result == 0) return folder;
  Call(SYS_close, folder);
  return result < 0 ? result : Call(SYS_openat, AT_FDCWD, Address("/"), kLook);
}

// The directory at the end of the way, opened as itself, or -errno.
long Walk(Way& way) {
  char part[kPathSize];
  long folder = Call(SYS_openat, AT_FDCWD, Address("/"), kLook);
  for (TakePart(way, part); folder >= 0 && part[0] != 0; TakePart(way, part)) {
    const bool last = IsAtEnd(way);
    const long next = OpenOrMake(folder, part, last);
    if (next < 0) Call(SYS_close, folder);
    folder = next < 0 ? next : Enter(folder, next, last, way);
  }
  return folder;
}

}  // namespace

long ManageDirectory(const Managed& wanted) {
  Way way;
  const long copied = Copy(wanted.path, way.text, kPathSize);
  if (copied < 0) return copied;
  const long place = Walk(way);
  if (place < 0) return place;
  const long opened = Call(SYS_openat, place, Address("."), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  Call(SYS_close, place);
  if (opened < 0) return opened;
  long result = 0;
  if (wanted.uid != kKeepOwner || wanted.gid != kKeepOwner)
    result = Call(SYS_fchown, opened, wanted.uid, wanted.gid);
  if (result >= 0) result = Call(SYS_fchmod, opened, wanted.mode);
  Call(SYS_close, opened);
  return result;
}

}  // namespace socketd::exec
// NOLINTEND(google-runtime-int)
