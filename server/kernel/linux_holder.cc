#include "server/kernel/linux_holder.h"

#include <dirent.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <cstdio>
#include <cstring>
#include <memory>
#include <utility>
#include <variant>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

#include "server/base/errors.h"
#include "server/kernel/linux_abi.h"

namespace socketd {
namespace {

constexpr size_t kMostText = 4 << 20;    // of one table of sockets
constexpr int kMostDescriptors = 50000;  // looked at: some 50 ms

using Folder = std::unique_ptr<DIR, int (*)(DIR*)>;

std::string ReadSome(const std::string& path) {
  std::string text;
  const UniqueFd file(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  std::array<char, 16384> part{};
  while (file && text.size() < kMostText) {
    const ssize_t length = read(file.get(), part.data(), part.size());
    if (length <= 0) break;
    text.append(part.data(), static_cast<size_t>(length));
  }
  return text;
}

std::vector<absl::string_view> WordsOf(absl::string_view line) {
  return absl::StrSplit(line, ' ', absl::SkipEmpty());
}

// An address and port of /proc/net/tcp and its like: words of 32 bits in the machine's order.
struct Place {
  std::vector<uint8_t> octets;
  uint32_t port = 0;
};

Place PlaceOf(absl::string_view text) {
  Place place;
  const size_t colon = text.find(':');
  if (colon == absl::string_view::npos || colon % 8 != 0) return place;
  for (size_t i = 0; i < colon; i += 8) {
    uint32_t word = 0;
    if (!absl::SimpleHexAtoi(text.substr(i, 8), &word)) return place;
    std::array<uint8_t, 4> octets{};
    std::memcpy(octets.data(), &word, octets.size());
    place.octets.insert(place.octets.end(), octets.begin(), octets.end());
  }
  if (!absl::SimpleHexAtoi(text.substr(colon + 1), &place.port)) place.port = 0;
  return place;
}

// Without what maps IPv4 into IPv6; nothing is left of an any-address.
std::vector<uint8_t> Essence(std::vector<uint8_t> octets) {
  constexpr std::array<uint8_t, 12> kMapped = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF};
  if (octets.size() == 16 && std::equal(kMapped.begin(), kMapped.end(), octets.begin()))
    octets.erase(octets.begin(), octets.begin() + kMapped.size());
  for (uint8_t octet : octets) {
    if (octet != 0) return octets;
  }
  return {};
}

Place PlaceOf(const SocketAddress& address) {
  if (const auto* ipv4 = std::get_if<Ipv4Address>(&address))
    return {{ipv4->octets.begin(), ipv4->octets.end()}, ipv4->port};
  if (const auto* ipv6 = std::get_if<Ipv6Address>(&address))
    return {{ipv6->octets.begin(), ipv6->octets.end()}, ipv6->port};
  return {};
}

bool InTheWay(const Place& there, const Place& wanted) {
  if (there.port != wanted.port || there.octets.empty()) return false;
  const std::vector<uint8_t> left = Essence(there.octets);
  const std::vector<uint8_t> right = Essence(wanted.octets);
  return left.empty() || right.empty() || left == right;
}

// proc(5): "sl local_address rem_address st tx:rx tr:tm retrnsmt uid timeout inode".
std::string InternetInode(ListenType type, const SocketAddress& address) {
  const Place wanted = PlaceOf(address);
  const bool stream = type == ListenType::kStream;
  const std::array<const char*, 2> tables =
      stream ? std::array<const char*, 2>{"/proc/net/tcp", "/proc/net/tcp6"}
             : std::array<const char*, 2>{"/proc/net/udp", "/proc/net/udp6"};
  for (const char* table : tables) {
    const std::string text = ReadSome(table);
    for (absl::string_view line : absl::StrSplit(text, '\n')) {
      const std::vector<absl::string_view> words = WordsOf(line);
      const bool listens = words.size() > 9 && (!stream || words[3] == "0A");
      if (listens && InTheWay(PlaceOf(words[1]), wanted)) return std::string(words[9]);
    }
  }
  return "";
}

// proc(5): "Num RefCount Protocol Flags Type St Inode Path".
std::string UnixInode(const SocketAddress& address) {
  const std::string wanted = ToText(address);
  const std::string text = ReadSome("/proc/net/unix");
  for (absl::string_view line : absl::StrSplit(text, '\n')) {
    const std::vector<absl::string_view> words = WordsOf(line);
    if (words.size() > 7 && words[6] != "0" && absl::EndsWith(line, absl::StrCat(" ", wanted)))
      return std::string(words[6]);
  }
  return "";
}

// Whether one of the process's descriptors is the socket; counts what was looked at.
bool Has(const std::string& process, const std::string& target, int& looked) {
  const std::string path = absl::StrCat("/proc/", process, "/fd");
  const Folder folder(opendir(path.c_str()), closedir);
  const int descriptor = folder != nullptr ? dirfd(folder.get()) : -1;
  if (descriptor < 0) return false;
  std::array<char, 64> link{};
  for (const dirent* entry = readdir(folder.get()); entry != nullptr && looked < kMostDescriptors;
       entry = readdir(folder.get())) {
    ++looked;
    const ssize_t length = readlinkat(descriptor, entry->d_name, link.data(), link.size());
    if (length > 0 && absl::string_view(link.data(), static_cast<size_t>(length)) == target)
      return true;
  }
  return false;
}

// Whoever else has it is named rather than ourselves: a service that outlived its socket.
Holder HolderOfInode(const std::string& inode) {
  Holder holder;
  const std::string target = absl::StrCat("socket:[", inode, "]");
  const Folder processes(opendir("/proc"), closedir);
  if (inode.empty() || processes == nullptr) return holder;
  int looked = 0;
  for (const dirent* entry = readdir(processes.get()); entry != nullptr;
       entry = readdir(processes.get())) {
    int pid = 0;
    if (!absl::SimpleAtoi(entry->d_name, &pid) || !Has(entry->d_name, target, looked)) continue;
    holder.pid = pid;
    if (pid != getpid()) break;
  }
  if (holder.pid == 0) return holder;
  const std::string name = ReadSome(absl::StrCat("/proc/", holder.pid, "/comm"));
  holder.name = std::string(absl::StripAsciiWhitespace(name));
  return holder;
}

}  // namespace

std::string ToText(const Holder& holder) {
  return holder.pid == 0 ? "" : absl::StrCat(holder.name, ", process ", holder.pid);
}

Holder FindHolder(ListenType type, const SocketAddress& address) {
  const bool internet =
      std::holds_alternative<Ipv4Address>(address) || std::holds_alternative<Ipv6Address>(address);
  return HolderOfInode(internet ? InternetInode(type, address) : UnixInode(address));
}

absl::Status AddressInUse(ListenType type, const SocketAddress& address) {
  const std::string text = ToText(address);
  const Holder holder = FindHolder(type, address);
  if (holder.pid == 0) return SystemError(EADDRINUSE, "bind", {{"address", text}}, "PORT_IN_USE");
  return WithFacts(SystemError(EADDRINUSE, "bind", {{"address", text}, {"holder", ToText(holder)}},
                               "PORT_IN_USE"),
                   {{"holder_pid", absl::StrCat(holder.pid)}});
}

}  // namespace socketd
