// Every key of systemd's [Socket] section is there, and those that do nothing on this machine are
// the ones that this machine cannot have.
#include <filesystem>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_split.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "tests/real/testing/daemon_test.h"
#include "tests/real/testing/processes.h"

namespace socketd::real {
namespace {

// systemd.socket(5), 262: the section's own keys.
constexpr const char* kKeys[] = {"ListenStream",
                                 "ListenDatagram",
                                 "ListenSequentialPacket",
                                 "ListenFIFO",
                                 "ListenSpecial",
                                 "ListenNetlink",
                                 "ListenMessageQueue",
                                 "ListenUSBFunction",
                                 "SocketProtocol",
                                 "BindIPv6Only",
                                 "Backlog",
                                 "BindToDevice",
                                 "ExecStartPre",
                                 "ExecStartPost",
                                 "ExecStopPre",
                                 "ExecStopPost",
                                 "TimeoutSec",
                                 "SocketUser",
                                 "SocketGroup",
                                 "SocketMode",
                                 "DirectoryMode",
                                 "Accept",
                                 "FlushPending",
                                 "Writable",
                                 "MaxConnections",
                                 "MaxConnectionsPerSource",
                                 "KeepAlive",
                                 "KeepAliveTimeSec",
                                 "KeepAliveIntervalSec",
                                 "KeepAliveProbes",
                                 "DeferAcceptSec",
                                 "NoDelay",
                                 "Priority",
                                 "IPTTL",
                                 "Mark",
                                 "ReceiveBuffer",
                                 "SendBuffer",
                                 "IPTOS",
                                 "PipeSize",
                                 "FreeBind",
                                 "Transparent",
                                 "Broadcast",
                                 "ReusePort",
                                 "PassCredentials",
                                 "PassSecurity",
                                 "PassPIDFD",
                                 "PassPacketInfo",
                                 "AcceptFileDescriptors",
                                 "Timestamping",
                                 "TCPCongestion",
                                 "MessageQueueMaxMessages",
                                 "MessageQueueMessageSize",
                                 "RemoveOnStop",
                                 "Symlinks",
                                 "FileDescriptorName",
                                 "Service",
                                 "PassFileDescriptorsToExec",
                                 "TriggerLimitIntervalSec",
                                 "TriggerLimitBurst",
                                 "PollLimitIntervalSec",
                                 "PollLimitBurst",
                                 "DeferTrigger",
                                 "DeferTriggerMaxSec",
                                 "XAttrEntryPoint",
                                 "XAttrListen",
                                 "XAttrAccept",
                                 "SmackLabel",
                                 "SmackLabelIPIn",
                                 "SmackLabelIPOut",
                                 "SELinuxContextFromNet"};

class DirectivesTest : public DaemonTest {};

TEST_F(DirectivesTest, NoKeyOfSocketsIsMissing) {
  Begin();
  const std::string program = (std::filesystem::current_path() / "cli/socketctl").string();
  const ProgramResult result =
      Execute({program, "--address", daemon().api_address(), "directives", "-o", "json"}, true);
  EXPECT_EQ(result.status, 0) << result.output;
  std::map<std::string, std::string> effects;
  for (const absl::string_view line : absl::StrSplit(result.output, '\n', absl::SkipEmpty())) {
    if (!absl::StrContains(line, "Socket")) continue;
    const auto field = [&](absl::string_view name) {
      const size_t at = line.find(name) + name.size();
      return std::string(line.substr(at, line.find('"', at) - at));
    };
    effects[field("\"key\":\"")] = field("\"effect\":\"");
  }
  size_t effective = 0;
  std::set<std::string> needy;
  for (const std::string key : kKeys) {
    ASSERT_EQ(effects.count(key), 1U) << key << " is missing";
    const bool works = !absl::StartsWith(effects[key], "needs ");
    effective += works ? 1 : 0;
    if (!works) needy.insert(key);
  }
  EXPECT_GE(effective, std::size(kKeys) - 8);
  const std::set<std::string> may_need = {
      "ListenUSBFunction", "XAttrEntryPoint",      "XAttrListen",     "XAttrAccept",
      "SmackLabel",        "SmackLabelIPIn",       "SmackLabelIPOut", "SELinuxContextFromNet",
      "PassPIDFD",         "AcceptFileDescriptors"};
  for (const std::string& key : needy)
    EXPECT_EQ(may_need.count(key), 1U) << key;
}

}  // namespace
}  // namespace socketd::real
