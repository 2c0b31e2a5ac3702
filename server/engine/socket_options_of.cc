#include "server/engine/socket_options_of.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "google/protobuf/duration.pb.h"
#include "google/protobuf/repeated_field.h"

#include "proto/socketd/v1/socket.pb.h"

namespace socketd {
namespace {

constexpr int kMost = std::numeric_limits<int>::max();

class Collector {
 public:
  void Flag(SocketOption option, bool set) {
    if (set) options_.push_back({option, 1, ""});
  }
  // Negative: unset, as systemd has it.
  void Number(SocketOption option, bool set, int64_t number) {
    if (set && number >= 0) {
      options_.push_back({option, static_cast<int>(std::min<int64_t>(number, kMost)), ""});
    }
  }
  // Whole seconds, what is left of one counts as one: 0 would be another meaning.
  void Seconds(SocketOption option, bool set, const google::protobuf::Duration& span) {
    Number(option, set, span.seconds() + (span.nanos() > 0 ? 1 : 0));
  }
  void Text(SocketOption option, const std::string& text) {
    if (!text.empty()) options_.push_back({option, 0, text});
  }
  void Texts(SocketOption option, const google::protobuf::RepeatedPtrField<std::string>& texts) {
    for (const std::string& text : texts)
      Text(option, text);
  }
  SocketOptions Take() {
    std::stable_sort(options_.begin(), options_.end(),
                     [](const OptionValue& left, const OptionValue& right) {
                       return left.option < right.option;
                     });
    return std::move(options_);
  }

 private:
  SocketOptions options_;
};

}  // namespace

SocketOptions OptionsOf(const v1::SocketSpec& spec) {
  using enum SocketOption;
  Collector all;
  all.Flag(kKeepAlive, spec.keep_alive());
  all.Seconds(kKeepAliveTime, spec.has_keep_alive_time(), spec.keep_alive_time());
  all.Seconds(kKeepAliveInterval, spec.has_keep_alive_interval(), spec.keep_alive_interval());
  all.Number(kKeepAliveProbes, spec.has_keep_alive_probes(), spec.keep_alive_probes());
  all.Seconds(kDeferAccept, spec.has_defer_accept(), spec.defer_accept());
  all.Flag(kNoDelay, spec.no_delay());
  all.Number(kPriority, spec.has_priority(), spec.priority());
  all.Number(kIpTtl, spec.has_ip_ttl(), spec.ip_ttl());
  all.Number(kMark, spec.has_mark(), spec.mark());
  all.Number(kReceiveBuffer, spec.has_receive_buffer(),
             static_cast<int64_t>(spec.receive_buffer()));
  all.Number(kSendBuffer, spec.has_send_buffer(), static_cast<int64_t>(spec.send_buffer()));
  all.Number(kIpTos, spec.has_ip_tos(), spec.ip_tos());
  all.Number(kPipeSize, spec.has_pipe_size(), static_cast<int64_t>(spec.pipe_size()));
  all.Flag(kFreeBind, spec.free_bind());
  all.Flag(kTransparent, spec.transparent());
  all.Flag(kBroadcast, spec.broadcast());
  all.Flag(kReusePort, spec.reuse_port());
  all.Flag(kPassCredentials, spec.pass_credentials());
  all.Flag(kPassSecurity, spec.pass_security());
  all.Flag(kPassPidfd, spec.pass_pidfd());
  all.Flag(kPassPacketInfo, spec.pass_packet_info());
  const bool refuses = spec.has_accept_file_descriptors() && !spec.accept_file_descriptors();
  all.Number(kAcceptFileDescriptors, refuses, 0);
  all.Flag(kTimestampMicroseconds,
           spec.timestamping() == v1::SocketSpec::TIMESTAMPING_MICROSECONDS);
  all.Flag(kTimestampNanoseconds, spec.timestamping() == v1::SocketSpec::TIMESTAMPING_NANOSECONDS);
  all.Text(kTcpCongestion, spec.tcp_congestion());
  all.Texts(kXattrEntryPoint, spec.xattr_entry_point());
  all.Texts(kXattrListen, spec.xattr_listen());
  all.Texts(kXattrAccept, spec.xattr_accept());
  all.Text(kSmackLabel, spec.smack_label());
  all.Text(kSmackLabelIpIn, spec.smack_label_ip_in());
  all.Text(kSmackLabelIpOut, spec.smack_label_ip_out());
  return all.Take();
}

}  // namespace socketd
