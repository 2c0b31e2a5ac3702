#include "server/kernel/linux_node.h"

#include <fcntl.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <climits>
#include <cstdio>
#include <deque>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

#include "server/base/errors.h"
#include "server/kernel/linux_holder.h"
#include "server/kernel/linux_socket.h"

namespace socketd {
namespace {

constexpr int kLinksMax = 40;  // as the kernel follows, path_resolution(7)

absl::Status Refused(int error, absl::string_view call, const std::string& path) {
  const bool permission = error == EACCES || error == EPERM || error == EROFS;
  return SystemError(error, call, {{"path", path}},
                     permission ? "PERMISSION_DENIED" : "SYSTEM_ERROR");
}

absl::Status Refused(int error, absl::string_view call, const NodePlace& place) {
  return Refused(error, call, place.path);
}

absl::string_view TypeName(mode_t mode) {
  if (S_ISREG(mode)) return "regular file";
  if (S_ISDIR(mode)) return "directory";
  if (S_ISLNK(mode)) return "symbolic link";
  if (S_ISFIFO(mode)) return "FIFO";
  if (S_ISSOCK(mode)) return "socket";
  return "device";
}

absl::Status InTheWay(const NodePlace& place, mode_t mode) {
  return Error(absl::StatusCode::kFailedPrecondition, "NOT_A_SOCKET",
               absl::StrCat("a ", TypeName(mode), " is in the way: ", place.path),
               {{"path", place.path}, {"type", std::string(TypeName(mode))}});
}

absl::Status InUse(const NodePlace& place) {
  return AddressInUse(ListenType::kStream, PathAddress{place.path});
}

// A name that fits into a socket address, however long the path is.
RawAddress AddressIn(const NodePlace& place) {
  if (place.path.size() <= kUnixPathMax) return RawOfPath(place.path);
  return RawOfPath(absl::StrCat("/proc/self/fd/", place.folder.get(), "/", place.name));
}

// 0: a living server; ECONNREFUSED: nobody; else why it cannot be told. A datagram socket asks
// without queueing a connection; a living stream server answers "wrong type".
int Probe(const NodePlace& place) {
  const UniqueFd probe(socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!probe) return errno;
  const RawAddress address = AddressIn(place);
  if (connect(probe.get(), address.get(), address.length) == 0) return 0;
  return errno == EPROTOTYPE ? 0 : errno;
}

// A name nobody else can have guessed.
std::string RandomName(const std::string& name) {
  uint64_t number = 0;
  if (getrandom(&number, sizeof(number), 0) != sizeof(number))
    number = static_cast<uint64_t>(getpid());
  return absl::StrCat(".", name.substr(0, 32), ".", absl::Hex(number));
}

// Moves the node aside and asks once more before it is removed: between the first question and now
// a living server may have taken the name.
absl::Status RemoveDead(const NodePlace& place) {
  NodePlace aside;
  aside.folder.reset(fcntl(place.folder.get(), F_DUPFD_CLOEXEC, 3));
  aside.name = RandomName(place.name);
  aside.path = std::string(kUnixPathMax + 1, '/');  // reached through its folder
  const int folder = place.folder.get();
  if (renameat(folder, place.name.c_str(), folder, aside.name.c_str()) != 0)
    return Refused(errno, "rename", place);
  if (Probe(aside) == ECONNREFUSED) {
    unlinkat(folder, aside.name.c_str(), 0);
    return absl::OkStatus();
  }
  // Whoever took the name meanwhile keeps it.
  const char* const from = aside.name.c_str();
  const char* const to = place.name.c_str();
  const bool unable = renameat2(folder, from, folder, to, RENAME_NOREPLACE) != 0 && errno == EINVAL;
  if (unable) renameat(folder, from, folder, to);
  return InUse(place);
}

absl::Status ClearStale(const NodePlace& place) {
  struct stat status{};
  if (fstatat(place.folder.get(), place.name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0)
    return errno == ENOENT ? absl::OkStatus() : Refused(errno, "lstat", place);
  if (!S_ISSOCK(status.st_mode)) return InTheWay(place, status.st_mode);
  const int answer = Probe(place);
  if (answer == 0) return InUse(place);
  if (answer == ENOENT) return absl::OkStatus();
  if (answer != ECONNREFUSED) return Refused(answer, "connect", place);
  return RemoveDead(place);
}

absl::Status SetOwnerAndMode(int node, const NodePlace& place, const ListenSpec& spec) {
  absl::Status given = GiveOwner(node, spec, place.path);
  return given.ok() ? GiveMode(node, spec, place.path) : given;
}

absl::StatusOr<uint64_t> SetNode(const NodePlace& place, const ListenSpec& spec, mode_t type) {
  const UniqueFd node(
      openat(place.folder.get(), place.name.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC));
  if (!node) return Refused(errno, "open", place);
  struct stat status{};
  if (fstat(node.get(), &status) != 0) return Refused(errno, "fstat", place);
  if ((status.st_mode & S_IFMT) != type) return InTheWay(place, status.st_mode);
  if (absl::Status set = SetOwnerAndMode(node.get(), place, spec); !set.ok()) return set;
  return status.st_ino;
}

using FolderMode = std::optional<mode_t>;  // none: what is missing is not made

// A folder, made if need be, or a link as itself.
absl::StatusOr<UniqueFd> OpenOrMake(const NodePlace& place,
                                    const std::string& part,
                                    FolderMode mode) {
  constexpr int kFlags = O_PATH | O_NOFOLLOW | O_CLOEXEC;
  UniqueFd next(openat(place.folder.get(), part.c_str(), kFlags));
  if (next) return next;
  if (errno != ENOENT || !mode) return Refused(errno, "open", place);
  const bool made = mkdirat(place.folder.get(), part.c_str(), *mode) == 0;
  if (!made && errno != EEXIST) return Refused(errno, "mkdir", place);
  next.reset(openat(place.folder.get(), part.c_str(), kFlags));
  if (!next) return Refused(errno, "open", place);
  // mkdir(2) obeys the umask, DirectoryMode= does not.
  if (made && ChangeModeOf(next.get(), *mode) != 0) return Refused(errno, "chmod", place);
  return next;
}

UniqueFd OpenRoot() {
  return UniqueFd(open("/", O_PATH | O_DIRECTORY | O_CLOEXEC));
}

std::deque<std::string> PartsOf(absl::string_view path) {
  return absl::StrSplit(path, '/', absl::SkipEmpty());
}

// Whose links are followed on the way to a node; others could lead us anywhere.
bool Trusted(uid_t owner) {
  return owner == 0 || owner == geteuid();
}

// From the place so far to the node.
struct Way {
  NodePlace place;
  std::deque<std::string> parts;  // folders and links still to go through
  int links = 0;                  // that were followed
};

// The link's text goes before what is left of the way: what was looked at is what is followed.
absl::Status Follow(int link, uid_t owner, Way& way) {
  NodePlace& place = way.place;
  if (!Trusted(owner) || ++way.links > kLinksMax) return Refused(EACCES, "open", place);
  std::array<char, PATH_MAX> text{};
  const ssize_t length = readlinkat(link, "", text.data(), text.size());
  if (length <= 0) return Refused(length < 0 ? errno : ENOENT, "readlink", place);
  const absl::string_view target(text.data(), static_cast<size_t>(length));
  if (target[0] == '/') place.folder = OpenRoot();
  std::deque<std::string> ahead = PartsOf(target);
  way.parts.insert(way.parts.begin(), ahead.begin(), ahead.end());
  return absl::OkStatus();
}

absl::StatusOr<NodePlace> Walk(const std::string& path, FolderMode mode) {
  Way way;
  NodePlace& place = way.place;
  std::deque<std::string>& parts = way.parts;
  place.path = path;
  place.folder = OpenRoot();
  parts = PartsOf(path);
  if (parts.empty() || path[0] != '/') return Refused(EINVAL, "bind", place);
  place.name = std::move(parts.back());
  parts.pop_back();
  while (!parts.empty()) {
    const std::string part = std::move(parts.front());
    parts.pop_front();
    absl::StatusOr<UniqueFd> next = OpenOrMake(place, part, mode);
    if (!next.ok()) return next.status();
    struct stat status{};
    if (fstat(next->get(), &status) != 0) return Refused(errno, "fstat", place);
    if (S_ISLNK(status.st_mode)) {
      absl::Status followed = Follow(next->get(), status.st_uid, way);
      if (!followed.ok()) return followed;
      continue;
    }
    if (!S_ISDIR(status.st_mode)) return Refused(ENOTDIR, "open", place);
    place.folder = *std::move(next);
  }
  return std::move(way.place);
}

// For writing as well: a writer of our own, or the last one that leaves makes hang-ups for ever.
absl::StatusOr<UniqueFd> OpenBothWays(const NodePlace& place) {
  UniqueFd fifo(openat(place.folder.get(), place.name.c_str(),
                       O_RDWR | O_NONBLOCK | O_NOFOLLOW | O_NOCTTY | O_CLOEXEC));
  if (fifo) return fifo;
  struct stat status{};
  const int error = errno;
  const bool there =
      fstatat(place.folder.get(), place.name.c_str(), &status, AT_SYMLINK_NOFOLLOW) == 0;
  if (there && !S_ISFIFO(status.st_mode)) return InTheWay(place, status.st_mode);
  return Refused(error, "open", place);
}

}  // namespace

absl::Status GiveOwner(int node, const ListenSpec& spec, const std::string& path) {
  if (!spec.owner.uid && !spec.owner.gid) return absl::OkStatus();
  const uid_t uid = spec.owner.uid.value_or(static_cast<uid_t>(-1));
  const gid_t gid = spec.owner.gid.value_or(static_cast<gid_t>(-1));
  return fchownat(node, "", uid, gid, AT_EMPTY_PATH) == 0 ? absl::OkStatus()
                                                          : Refused(errno, "chown", path);
}

absl::Status GiveMode(int node, const ListenSpec& spec, const std::string& path) {
  return ChangeModeOf(node, spec.mode & kPermissions) == 0 ? absl::OkStatus()
                                                           : Refused(errno, "chmod", path);
}

absl::StatusOr<NodePlace> PlaceOf(const std::string& path, uint32_t mode) {
  return Walk(path, mode & kPermissions);
}

absl::StatusOr<NodePlace> FindPlace(const std::string& path) {
  return Walk(path, std::nullopt);
}

absl::StatusOr<uint64_t> BindNode(int socket, const NodePlace& place, const ListenSpec& spec) {
  // The node is born with mode 0, so nobody gets in before owner and mode are right.
  if (fchmod(socket, 0) != 0) return Refused(errno, "fchmod", place);
  const RawAddress address = AddressIn(place);
  int bound = bind(socket, address.get(), address.length);
  if (bound != 0 && (errno == EADDRINUSE || errno == EEXIST)) {
    if (absl::Status cleared = ClearStale(place); !cleared.ok()) return cleared;
    bound = bind(socket, address.get(), address.length);
  }
  if (bound != 0) return errno == EADDRINUSE ? InUse(place) : Refused(errno, "bind", place);
  absl::StatusOr<uint64_t> node = SetNode(place, spec, S_IFSOCK);
  if (!node.ok()) unlinkat(place.folder.get(), place.name.c_str(), 0);
  return node;
}

absl::StatusOr<Fifo> OpenFifo(const NodePlace& place, const ListenSpec& spec) {
  const bool made = mkfifoat(place.folder.get(), place.name.c_str(), 0) == 0;
  if (!made && errno != EEXIST) return Refused(errno, "mkfifo", place);
  if (made) {
    absl::StatusOr<uint64_t> node = SetNode(place, spec, S_IFIFO);
    if (!node.ok()) return node.status();
  }
  absl::StatusOr<UniqueFd> opened = OpenBothWays(place);
  if (!opened.ok()) return opened.status();
  Fifo fifo;
  fifo.fd = *std::move(opened);
  struct stat status{};
  if (fstat(fifo.fd.get(), &status) != 0) return Refused(errno, "fstat", place);
  if (!S_ISFIFO(status.st_mode)) return InTheWay(place, status.st_mode);
  fifo.node = status.st_ino;
  if (!Trusted(status.st_uid) && spec.owner.uid != status.st_uid)
    return Refused(EPERM, "open", place);
  // One that was there already must be what was asked for.
  const bool right = made || ((status.st_mode & kPermissions) == (spec.mode & kPermissions) &&
                              spec.owner.uid.value_or(status.st_uid) == status.st_uid &&
                              spec.owner.gid.value_or(status.st_gid) == status.st_gid);
  if (right) return fifo;
  // By what is open: the name may be somebody else's by now.
  if (absl::Status set = SetOwnerAndMode(fifo.fd.get(), place, spec); !set.ok()) return set;
  return fifo;
}

absl::Status ChangeNode(const NodePlace& place, uint64_t node, const ListenSpec& spec) {
  const UniqueFd found(
      openat(place.folder.get(), place.name.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC));
  if (!found) return Refused(errno, "open", place);
  struct stat status{};
  if (fstat(found.get(), &status) != 0) return Refused(errno, "fstat", place);
  if (status.st_ino == node) return SetOwnerAndMode(found.get(), place, spec);
  return Error(absl::StatusCode::kFailedPrecondition, "NODE_CHANGED",
               absl::StrCat("somebody else's by now: ", place.path), {{"path", place.path}});
}

void RemoveNode(const NodePlace& place, uint64_t node) {
  struct stat status{};
  const bool same =
      fstatat(place.folder.get(), place.name.c_str(), &status, AT_SYMLINK_NOFOLLOW) == 0 &&
      status.st_ino == node;
  if (same) unlinkat(place.folder.get(), place.name.c_str(), 0);
}

}  // namespace socketd
