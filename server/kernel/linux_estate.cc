#include "server/kernel/linux_estate.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <memory>
#include <utility>
#include <variant>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

#include "server/base/check.h"
#include "server/kernel/linux_diagnosis.h"
#include "server/kernel/linux_listen.h"
#include "server/kernel/linux_reap.h"
#include "server/kernel/linux_socket.h"

namespace socketd {
namespace {

constexpr auto kCgroup2Magic = 0x63677270;     // CGROUP2_SUPER_MAGIC
constexpr auto kPidFsMagic = 0x50494446;       // PID_FS_MAGIC
constexpr uint64_t kMix = 0x9E3779B97F4A7C15;  // spreads small numbers over 64 bits

int OptionOf(int fd, int level, int option) {
  int value = -1;
  socklen_t size = sizeof value;
  return getsockopt(fd, level, option, &value, &size) == 0 ? value : -1;
}

// 0: it has none.
uint64_t CookieOf(int fd) {
  uint64_t cookie = 0;
  socklen_t size = sizeof cookie;
  return getsockopt(fd, SOL_SOCKET, SO_COOKIE, &cookie, &size) == 0 ? cookie : 0;
}

std::string Key(int family, int type, absl::string_view address) {
  return absl::StrCat(family, "/", type, "/", address);
}

// One that is bound to a node is told by the node as well: its name may be somebody else's by now.
// A path too long for an address was bound through its folder.
std::string KeyOfNode(int type, absl::string_view path, uint64_t node) {
  const bool short_of = absl::StartsWith(path, "/proc/self/fd/") || path.size() > kUnixPathMax;
  const absl::string_view name = short_of ? path.substr(path.rfind('/')) : path;
  return Key(AF_UNIX, type, absl::StrCat(node, " ", name));
}

// 0: no socket's node is there.
uint64_t NodeAt(const std::string& path) {
  struct stat node{};
  return lstat(path.c_str(), &node) == 0 && S_ISSOCK(node.st_mode) ? node.st_ino : 0;
}

// What TakeListener looks for.
std::string KeyOf(const ListenSpec& spec) {
  const int type = SocketTypeOf(spec.type);
  if (const auto* path = std::get_if<PathAddress>(&spec.address))
    return KeyOfNode(type, path->path, NodeAt(path->path));
  return Key(FamilyOf(spec.address), type, ToText(spec.address));
}

bool IsSocket(ListenType type) {
  switch (type) {
    case ListenType::kStream:
    case ListenType::kDatagram:
    case ListenType::kSequentialPacket:
    case ListenType::kNetlink:
      return true;
    default:
      return false;
  }
}

// Of the kinds that connect, those that accept; of the others, all.
bool IsListener(int fd, int type) {
  const bool connects = type == SOCK_STREAM || type == SOCK_SEQPACKET;
  return !connects || OptionOf(fd, SOL_SOCKET, SO_ACCEPTCONN) == 1;
}

// Whether what only a new socket can be given is what `spec` wants.
bool Fits(int fd, const ListenSpec& spec) {
  const int family = FamilyOf(spec.address);
  if (family != AF_INET && family != AF_INET6) return true;
  const bool stream = spec.type == ListenType::kStream;
  const int wanted = ProtocolOf(family, spec);
  const int usual = stream ? IPPROTO_TCP : IPPROTO_UDP;
  if (OptionOf(fd, SOL_SOCKET, SO_PROTOCOL) != (wanted == 0 ? usual : wanted)) return false;
  if (family == AF_INET6 && spec.ipv6_only != Ipv6Only::kDefault) {
    const int only = spec.ipv6_only == Ipv6Only::kIpv6Only ? 1 : 0;
    if (OptionOf(fd, IPPROTO_IPV6, IPV6_V6ONLY) != only) return false;
  }
  std::array<char, 64> device{};
  auto length = static_cast<socklen_t>(device.size() - 1);
  if (getsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, device.data(), &length) != 0) return false;
  return spec.bind_to_device == device.data();
}

// Those of a daemon that nobody keeps go with it.
std::shared_ptr<Arrivals> ArrivalsOf(const Life& life) {
  if (life.kept()) return {&life.page->arrivals, [](Arrivals*) {}};
  void* const memory = mmap(nullptr, sizeof(Arrivals), PROT_READ | PROT_WRITE,
                            MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  CHECK(memory != MAP_FAILED);
  return {new (memory) Arrivals, [](Arrivals* gone) { munmap(gone, sizeof(*gone)); }};
}

}  // namespace

FileId FileIdOf(int fd) {
  struct stat status{};
  struct statfs system{};
  if (fstat(fd, &status) != 0) return FileId::kNone;
  const bool anonymous = (status.st_mode & S_IFMT) == 0;
  if (anonymous && (fstatfs(fd, &system) != 0 || system.f_type != kPidFsMagic))
    return FileId::kNone;
  uint64_t id = status.st_ino + static_cast<uint64_t>(status.st_dev) * kMix;
  if (S_ISFIFO(status.st_mode)) id ^= static_cast<uint64_t>(fcntl(fd, F_GETFL) & O_ACCMODE) << 62;
  return static_cast<FileId>(id != 0 ? id : 1);
}

Estate::~Estate() {
  if (mapped_ != nullptr) munmap(mapped_, mapped_size_);
}

absl::Span<char> Estate::Memory(size_t size) {
  struct stat status{};
  if (!life_.kept() || fstat(life_.memory, &status) != 0) return {};
  const size_t page = static_cast<size_t>(sysconf(_SC_PAGESIZE));
  const size_t there = static_cast<size_t>(status.st_size);
  const size_t wanted = std::max({(size + page - 1) / page * page, there, mapped_size_});
  if (wanted == 0) return {};
  if (wanted > there && ftruncate(life_.memory, static_cast<off_t>(wanted)) != 0) return {};
  if (wanted > mapped_size_) {
    void* memory = mapped_ == nullptr
                       ? mmap(nullptr, wanted, PROT_READ | PROT_WRITE, MAP_SHARED, life_.memory, 0)
                       : mremap(mapped_, mapped_size_, wanted, MREMAP_MAYMOVE);
    if (memory == MAP_FAILED) return {};
    mapped_ = memory;
    mapped_size_ = wanted;
  }
  return absl::MakeSpan(static_cast<char*>(mapped_), mapped_size_);
}

Estate::Estate(const Life& life) : life_(life), arrivals_(ArrivalsOf(life)) {
  if (life_.left == nullptr) return;
  std::vector<size_t> sockets;
  int next = 0;  // what is not open any more is nobody's
  life_.left->ForEach([&](int number) {
    for (; next < number; ++next)
      arrivals_->Remove(next);
    next = number + 1;
    LookAt(number, sockets);
  });
  LookAtSockets(sockets);
}

KeptId Estate::KeptIdOf(int number) const {
  return static_cast<KeptId>(arrivals_->IdOf(number));
}

bool Estate::IsArrival(int number) {
  const KeptId id = KeptIdOf(number);
  if (id == KeptId::kNone) return false;
  by_arrival_[id] = left_.size();
  left_.push_back({number, FileId::kNone});
  return true;
}

void Estate::LookAt(int number, std::vector<size_t>& sockets) {
  if (IsArrival(number)) return;
  struct stat status{};
  if (fstat(number, &status) != 0) return;
  const bool socket = S_ISSOCK(status.st_mode);
  struct statfs system{};
  const bool known = !socket && fstatfs(number, &system) == 0;
  const FileId id = FileIdOf(number);
  // A copy is found by the same id; a control group is adopted by its folder's.
  if (id == FileId::kNone || (known && system.f_type == kCgroup2Magic) ||
      !by_id_.try_emplace(id, left_.size()).second) {
    close(number);
    return;
  }
  if (socket) sockets.push_back(left_.size());
  if (known && system.f_type == kPidFsMagic) by_birth_.try_emplace(status.st_ino, left_.size());
  left_.push_back({number, id});
}

void Estate::LookAtSockets(const std::vector<size_t>& sockets) {
  const absl::flat_hash_map<uint64_t, uint64_t> nodes =
      sockets.empty() ? absl::flat_hash_map<uint64_t, uint64_t>() : BoundNodes();
  // From above, so that the lowest number is the last in its list.
  for (auto at = sockets.rbegin(); at != sockets.rend(); ++at) {
    const int number = left_[*at].number;
    const int type = OptionOf(number, SOL_SOCKET, SO_TYPE);
    if (!IsListener(number, type)) {
      connections_[CookieOf(number)] = *at;
      continue;
    }
    SocketAddress bound = LocalAddressOf(number);
    std::string key = Key(OptionOf(number, SOL_SOCKET, SO_DOMAIN), type, ToText(bound));
    if (const auto* path = std::get_if<PathAddress>(&bound)) {
      const auto node = nodes.find(InodeOf(number));
      // Where the kernel does not tell, the name has to do.
      const uint64_t inode = nodes.empty() ? NodeAt(path->path) : 0;
      key = KeyOfNode(type, path->path, node != nodes.end() ? node->second : inode);
    }
    by_address_[key].push_back(*at);
    listeners_.push_back({*at, type, std::move(bound)});
  }
}

UniqueFd Estate::TakeAt(size_t place) {
  return UniqueFd(std::exchange(left_[place].number, -1));
}

UniqueFd Estate::Take(FileId id) {
  const auto found = by_id_.find(id);
  return found != by_id_.end() ? TakeAt(found->second) : UniqueFd();
}

UniqueFd Estate::Take(KeptId id) {
  const auto found = by_arrival_.find(id);
  return found != by_arrival_.end() ? TakeAt(found->second) : UniqueFd();
}

UniqueFd Estate::TakeConnection(uint64_t cookie) {
  const auto found = connections_.find(cookie);
  if (cookie == 0 || found == connections_.end()) return UniqueFd();
  UniqueFd taken = TakeAt(found->second);
  connections_.erase(found);
  return taken;
}

std::vector<UniqueFd> Estate::TakeConnections(const SocketAddress& bound) {
  std::vector<UniqueFd> taken;
  for (auto at = connections_.begin(); at != connections_.end();) {
    const auto here = at++;
    const int number = left_[here->second].number;
    if (number < 0 || !Overlap(bound, LocalAddressOf(number))) continue;
    taken.push_back(TakeAt(here->second));
    connections_.erase(here);
  }
  return taken;
}

UniqueFd Estate::TakePidfd(uint64_t born) {
  const auto found = by_birth_.find(born);
  return found != by_birth_.end() ? TakeAt(found->second) : UniqueFd();
}

UniqueFd Estate::TakeListener(const ListenSpec& spec) {
  if (listeners_.empty() || !IsSocket(spec.type)) return UniqueFd();
  const auto found = by_address_.find(KeyOf(spec));
  if (found == by_address_.end()) return UniqueFd();
  while (!found->second.empty()) {
    UniqueFd taken = TakeAt(found->second.back());
    found->second.pop_back();
    if (taken && Fits(taken.get(), spec)) return taken;
  }
  return UniqueFd();
}

bool Estate::DropInTheWay(const ListenSpec& spec) {
  const bool path = std::holds_alternative<PathAddress>(spec.address);
  bool dropped = false;
  for (const Listener& listener : listeners_) {
    const bool same = path || listener.type == SocketTypeOf(spec.type);
    if (!same || !Overlap(listener.bound, spec.address)) continue;
    dropped = static_cast<bool>(TakeAt(listener.place)) || dropped;  // closed right here
  }
  return dropped;
}

std::optional<Exit> Estate::EndOf(const ProcessId& id) const {
  Ending ending;
  if (!life_.kept() || id.born == 0 || !life_.page->endings.Find(id.pid, id.born, ending))
    return std::nullopt;
  return ExitOf(ending.code, ending.status);
}

void Estate::End(const std::function<void(int)>& close) {
  for (Left& left : left_)
    if (left.number >= 0) close(std::exchange(left.number, -1));
  left_.clear();
  by_id_.clear();
  by_arrival_.clear();
  by_birth_.clear();
  by_address_.clear();
  connections_.clear();
  listeners_.clear();
}

}  // namespace socketd
