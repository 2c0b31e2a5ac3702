// What can be set on a listener beside its address: one entry for each directive that a unit sets.
// An option that the system refuses is a warning, not a failure, as with systemd. Plain values.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace socketd {

// In the order in which they are set: a priority after IPTOS=, which implies one.
enum class SocketOption : uint8_t {
  kKeepAlive,
  kKeepAliveTime,      // seconds
  kKeepAliveInterval,  // seconds
  kKeepAliveProbes,
  kDeferAccept,  // seconds
  kNoDelay,
  kReceiveBuffer,  // bytes
  kSendBuffer,     // bytes
  kMark,
  kIpTos,
  kPriority,
  kIpTtl,
  kFreeBind,
  kTransparent,
  kBroadcast,
  kReusePort,
  kPassCredentials,
  kPassSecurity,
  kPassPidfd,
  kPassPacketInfo,
  kAcceptFileDescriptors,  // 0: no
  kTimestampMicroseconds,
  kTimestampNanoseconds,
  kTcpCongestion,    // text
  kPipeSize,         // bytes
  kXattrEntryPoint,  // text, as are all below: "user.NAME=VALUE"
  kXattrListen,
  kXattrAccept,
  kSmackLabel,  // a label
  kSmackLabelIpIn,
  kSmackLabelIpOut,
};

constexpr size_t kSocketOptions = static_cast<size_t>(SocketOption::kSmackLabelIpOut) + 1;

// The directive that sets it.
constexpr absl::string_view NameOf(SocketOption option) {
  constexpr std::array<absl::string_view, kSocketOptions> kNames = {
      "KeepAlive",       "KeepAliveTimeSec", "KeepAliveIntervalSec",
      "KeepAliveProbes", "DeferAcceptSec",   "NoDelay",
      "ReceiveBuffer",   "SendBuffer",       "Mark",
      "IPTOS",           "Priority",         "IPTTL",
      "FreeBind",        "Transparent",      "Broadcast",
      "ReusePort",       "PassCredentials",  "PassSecurity",
      "PassPIDFD",       "PassPacketInfo",   "AcceptFileDescriptors",
      "Timestamping",    "Timestamping",     "TCPCongestion",
      "PipeSize",        "XAttrEntryPoint",  "XAttrListen",
      "XAttrAccept",     "SmackLabel",       "SmackLabelIPIn",
      "SmackLabelIPOut"};
  return kNames.at(static_cast<size_t>(option));
}

struct OptionValue {
  SocketOption option = SocketOption::kKeepAlive;
  int number = 1;
  std::string text;
  friend bool operator==(const OptionValue&, const OptionValue&) = default;
};

// Only what is set, in the order of the enum.
using SocketOptions = std::vector<OptionValue>;

}  // namespace socketd
