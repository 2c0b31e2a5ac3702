#include "server/unit/socket_values.h"

#include <array>
#include <cstdint>
#include <limits>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

#include "proto/socketd/v1/service.pb.h"
#include "proto/socketd/v1/socket.pb.h"
#include "server/unit/grammar_name.h"
#include "server/unit/grammar_number.h"
#include "server/unit/listen_address.h"
#include "server/unit/spelling.h"

namespace socketd {
namespace {

using v1::SocketSpec;

struct Word {
  absl::string_view text;
  int number;
};

// netinet/ip.h, IPTOS_*.
constexpr std::array<Word, 4> kIpTos = {{
    {"low-delay", 0x10},
    {"throughput", 0x08},
    {"reliability", 0x04},
    {"low-cost", 0x02},
}};

constexpr std::array<Word, 4> kFurtherTimestamping = {{
    {"usec", SocketSpec::TIMESTAMPING_MICROSECONDS},
    {"\xC2\xB5s", SocketSpec::TIMESTAMPING_MICROSECONDS},  // the micro sign
    {"\xCE\xBCs", SocketSpec::TIMESTAMPING_MICROSECONDS},  // the Greek letter
    {"nsec", SocketSpec::TIMESTAMPING_NANOSECONDS},
}};

void PutEnum(const Slot& slot, int number) {
  slot.message.GetReflection()->SetEnumValue(&slot.message, slot.field(), number);
}

// One of the enum's spellings, or a boolean for two of them.
absl::Status ReadSpelling(const Slot& slot, absl::string_view text, std::pair<int, int> no_yes) {
  const auto* value = FindSpelling(*slot.field()->enum_type(), text);
  if (value != nullptr) {
    PutEnum(slot, value->number());
    return absl::OkStatus();
  }
  const auto boolean = ParseBoolean(text);
  if (!boolean.ok()) return Expected(AllSpellings(*slot.field()->enum_type()) + ", or a boolean");
  PutEnum(slot, *boolean ? no_yes.second : no_yes.first);
  return absl::OkStatus();
}

// "infinity" is 0: no limit.
absl::StatusOr<uint32_t> ParseCount(absl::string_view text) {
  if (text == "infinity") return 0;
  const auto number = ParseInteger(text, {0, std::numeric_limits<uint32_t>::max()});
  if (!number.ok()) return Expected("a number of 0 to 4294967295, or infinity");
  return static_cast<uint32_t>(*number);
}

constexpr std::array<ListenKind, 9> kKinds = {
    ListenKind::kStream,           ListenKind::kStream,       ListenKind::kDatagram,
    ListenKind::kSequentialPacket, ListenKind::kFifo,         ListenKind::kSpecial,
    ListenKind::kNetlink,          ListenKind::kMessageQueue, ListenKind::kUsbFunction};

}  // namespace

absl::Status ReadAddress(const Slot& slot, absl::string_view text) {
  const int kind = slot.directive.option->kind();
  if (!MayChange(text, slot.stage)) {
    const auto address = ParseListenAddress(kKinds.at(static_cast<size_t>(kind)), text);
    if (!address.ok()) return address.status();
  }
  auto& listen = NewMessage<v1::ListenAddress>(slot);
  listen.set_kind(static_cast<v1::ListenAddress::Kind>(kind));
  listen.set_address(std::string(text));
  return absl::OkStatus();
}

std::string WriteAddress(const Source& source) {
  return GetMessage<v1::ListenAddress>(source).address();
}

absl::Status ReadIpv6Only(const Slot& slot, absl::string_view text) {
  return ReadSpelling(slot, text,
                      {SocketSpec::BIND_IPV6_ONLY_BOTH, SocketSpec::BIND_IPV6_ONLY_IPV6_ONLY});
}

absl::Status ReadInterface(const Slot& slot, absl::string_view text) {
  if (text == "*") {
    PutString(slot, "");
    return absl::OkStatus();
  }
  absl::Status status = CheckInterface(text);
  if (status.ok()) PutString(slot, std::string(text));
  return status;
}

absl::Status ReadTimestamping(const Slot& slot, absl::string_view text) {
  for (const Word& word : kFurtherTimestamping) {
    if (word.text != text) continue;
    PutEnum(slot, word.number);
    return absl::OkStatus();
  }
  return ReadSpelling(slot, text,
                      {SocketSpec::TIMESTAMPING_UNSPECIFIED, SocketSpec::TIMESTAMPING_NANOSECONDS});
}

absl::Status ReadDefer(const Slot& slot, absl::string_view text) {
  return ReadSpelling(slot, text,
                      {SocketSpec::DEFER_TRIGGER_UNSPECIFIED, SocketSpec::DEFER_TRIGGER_YES});
}

absl::Status ReadPreserve(const Slot& slot, absl::string_view text) {
  return ReadSpelling(slot, text,
                      {v1::ServiceSpec::STORE_PRESERVE_NO, v1::ServiceSpec::STORE_PRESERVE_YES});
}

absl::Status ReadIpTos(const Slot& slot, absl::string_view text) {
  const auto* reflection = slot.message.GetReflection();
  for (const Word& word : kIpTos) {
    if (word.text != text) continue;
    reflection->SetInt32(&slot.message, slot.field(), word.number);
    return absl::OkStatus();
  }
  const auto number = ParseInteger(text, {0, 255});
  if (!number.ok())
    return Expected("a number of 0 to 255, low-delay, throughput, reliability or low-cost");
  reflection->SetInt32(&slot.message, slot.field(), static_cast<int32_t>(*number));
  return absl::OkStatus();
}

absl::Status ReadCount(const Slot& slot, absl::string_view text) {
  const auto count = ParseCount(text);
  if (count.ok()) PutUnsigned(slot, *count);
  return count.status();
}

// "4", "4/24", "4/24/56" or "4//56".
absl::Status ReadPerSource(const Slot& slot, absl::string_view text) {
  const std::vector<absl::string_view> parts = absl::StrSplit(text, '/');
  if (parts.size() > 3) return Expected("a number, an IPv4 prefix and an IPv6 prefix, as 4/24/56");
  const auto connections = ParseCount(parts[0]);
  if (!connections.ok()) return connections.status();
  v1::PerSourceLimit limit;
  limit.set_connections(*connections);
  if (parts.size() > 1 && !(parts[1].empty() && parts.size() > 2)) {
    const auto bits = ParseInteger(parts[1], {0, 32});
    if (!bits.ok())
      return Expected("an IPv4 prefix of 0 to 32 (the IPv6 prefix comes third: 4//56)");
    limit.set_ipv4_prefix(static_cast<uint32_t>(*bits));
  }
  if (parts.size() > 2) {
    const auto bits = ParseInteger(parts[2], {0, 128});
    if (!bits.ok()) return Expected("an IPv6 prefix of 0 to 128");
    limit.set_ipv6_prefix(static_cast<uint32_t>(*bits));
  }
  NewMessage<v1::PerSourceLimit>(slot) = std::move(limit);
  return absl::OkStatus();
}

std::string WritePerSource(const Source& source) {
  const auto& limit = GetMessage<v1::PerSourceLimit>(source);
  std::string text = absl::StrCat(limit.connections());
  if (limit.has_ipv4_prefix()) absl::StrAppend(&text, "/", limit.ipv4_prefix());
  if (limit.has_ipv6_prefix())
    absl::StrAppend(&text, limit.has_ipv4_prefix() ? "/" : "//", limit.ipv6_prefix());
  return text;
}

absl::Status ReadSize(const Slot& slot, absl::string_view text) {
  const auto bytes = ParseSize(text);
  if (!bytes.ok()) return bytes.status();
  // What the kernel takes for a size is an int.
  if (*bytes > std::numeric_limits<int32_t>::max()) return Expected("less than 2G bytes");
  slot.message.GetReflection()->SetUInt64(&slot.message, slot.field(), *bytes);
  return absl::OkStatus();
}

std::string WriteSize(const Source& source) {
  return FormatSize(source.message.GetReflection()->GetUInt64(source.message, source.field()));
}

}  // namespace socketd
