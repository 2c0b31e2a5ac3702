#include "server/engine/sources.h"

#include <algorithm>
#include <array>
#include <variant>

#include "absl/strings/str_cat.h"

#include "server/base/socket_address.h"

namespace socketd {
namespace {

// The first `bits` of an address; the others are 0.
template <size_t size>
std::string NetworkOf(std::array<uint8_t, size> octets, uint32_t bits) {
  for (size_t i = 0; i < size; ++i) {
    const auto before = static_cast<uint32_t>(8 * i);
    const uint32_t kept = bits <= before ? 0 : std::min(bits - before, 8U);
    octets[i] = static_cast<uint8_t>(octets[i] & (0xFF00U >> kept));
  }
  return std::string(octets.begin(), octets.end());
}

bool IsLinkLocal(const Ipv6Address& address) {
  return address.octets[0] == 0xFE && (address.octets[1] & 0xC0U) == 0x80;
}

}  // namespace

std::string SourceOf(const Connection& connection, const SourceLimit& limit) {
  const SocketAddress remote = Unmapped(connection.remote);
  if (const auto* ipv4 = std::get_if<Ipv4Address>(&remote)) {
    return absl::StrCat("4", NetworkOf(ipv4->octets, limit.ipv4_prefix));
  }
  if (const auto* ipv6 = std::get_if<Ipv6Address>(&remote)) {
    const bool whole = IsLinkLocal(*ipv6);
    return absl::StrCat("6", NetworkOf(ipv6->octets, whole ? 128 : limit.ipv6_prefix),
                        whole ? ipv6->scope : "");
  }
  if (const auto* vsock = std::get_if<VsockAddress>(&remote))
    return absl::StrCat("vsock ", vsock->cid);
  return absl::StrCat("user ", connection.peer.uid);
}

Sources::Hold::~Hold() {
  if (counts_ == nullptr) return;
  const auto found = counts_->find(source_);
  if (--found->second == 0) counts_->erase(found);
}

uint32_t Sources::Count(const std::string& source) const {
  const auto found = counts_->find(source);
  return found == counts_->end() ? 0 : found->second;
}

Sources::Hold Sources::Take(std::string source) {
  ++(*counts_)[source];
  return Hold(counts_, std::move(source));
}

}  // namespace socketd
