#include "server/unit/schema.h"

#include <fstream>
#include <set>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "proto/socketd/v1/unit.pb.h"
#include "server/base/text.h"

namespace socketd {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::Field;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

struct Read {
  v1::UnitDefinition definition;
  Problems problems;

  Read(absl::string_view name, absl::string_view text) { Add(name, text); }
  void Add(absl::string_view name, absl::string_view text) {
    ReadUnitFile(*UnitName::Parse(name), {"f", text}, definition, problems);
  }
};

TEST(ReadUnitFile, FillsFieldsByTheirDirectives) {
  const Read read(
      "web.socket",
      "[Unit]\nDescription=The web: 100% \"it\"\nAfter=a.target b.service\nAfter=c.mount\n"
      "[Socket]\nListenStream=80\nListenFIFO=/run/f\nListenStream=%t/x\nAccept=TRUE\n"
      "SocketMode=0600\nBacklog=7\nTimeoutSec=1min 30s\nUser=nobody\nKillSignal=USR1\n"
      "BindIPv6Only=yes\nLimitNOFILE=1K:infinity\nEnvironment=A=1 \"B=2 3\"\n"
      "LimitFSIZE=1K\nExecStartPre=-/bin/a x ; /bin/b\nStandardOutput=append:/l\n"
      "[Install]\nWantedBy=sockets.target\n");
  ASSERT_THAT(read.problems, SizeIs(1));  // LimitNOFILE counts: no "K"
  EXPECT_EQ(read.problems[0].key, "LimitNOFILE");
  const v1::UnitSpec& unit = read.definition.unit();
  EXPECT_EQ(unit.description(), "The web: 100% \"it\"");
  EXPECT_THAT(unit.after(), ElementsAre("a.target", "b.service", "c.mount"));
  const v1::SocketSpec& socket = read.definition.socket();
  ASSERT_EQ(socket.listen_size(), 3);
  EXPECT_EQ(socket.listen(1).kind(), v1::ListenAddress::KIND_FIFO);
  EXPECT_EQ(socket.listen(2).address(), "%t/x");
  EXPECT_TRUE(socket.accept());
  EXPECT_EQ(socket.socket_mode(), 0600U);
  EXPECT_EQ(socket.backlog(), 7U);
  EXPECT_EQ(socket.timeout().seconds(), 90);
  EXPECT_EQ(socket.exec().user(), "nobody");
  EXPECT_EQ(socket.kill().kill_signal(), 10U);
  EXPECT_EQ(socket.bind_ipv6_only(), v1::SocketSpec::BIND_IPV6_ONLY_IPV6_ONLY);
  EXPECT_THAT(socket.exec().environment(), ElementsAre("A=1", "B=2 3"));
  EXPECT_EQ(socket.exec().limit_fsize().hard(), 1024U);
  ASSERT_EQ(socket.exec_start_pre_size(), 2);
  EXPECT_TRUE(socket.exec_start_pre(0).ignore_failure());
  EXPECT_EQ(socket.exec().standard_output().path(), "/l");
  EXPECT_THAT(read.definition.install().wanted_by(), ElementsAre("sockets.target"));
}

TEST(ReadUnitFile, AnEmptyValueClears) {
  Read read("web.socket", "[Socket]\nListenStream=80\nListenFIFO=/f\nBacklog=3\nUser=x\n");
  read.Add("web.socket", "[Socket]\nListenDatagram=\nListenStream=81\nBacklog=\nUser=\n");
  ASSERT_EQ(read.definition.socket().listen_size(), 1);
  EXPECT_EQ(read.definition.socket().listen(0).address(), "81");
  EXPECT_FALSE(read.definition.socket().has_backlog());
  EXPECT_FALSE(read.definition.socket().has_exec());
  EXPECT_THAT(read.problems, IsEmpty());
}

TEST(ReadUnitFile, TheLastScalarWinsAndListsGrow) {
  Read read("a.service", "[Service]\nType=simple\nType=oneshot\nExecStart=/a\nExecStart=/b\n");
  read.Add("a.service", "[Service]\nExecStart=/c\nRestart=no\nRestart=on-failure\n");
  EXPECT_EQ(read.definition.service().type(), v1::ServiceSpec::TYPE_ONESHOT);
  EXPECT_EQ(read.definition.service().exec_start_size(), 3);
  EXPECT_EQ(read.definition.service().restart(), v1::ServiceSpec::RESTART_ON_FAILURE);
}

TEST(ReadUnitFile, OlderSpellingsSetTheSameFields) {
  const Read read("a.service",
                  "[Service]\nTimeoutSec=7\nStartLimitInterval=3\nStartLimitBurst=9\n"
                  "TimeoutStopSec=infinity\n");
  EXPECT_THAT(read.problems, IsEmpty());
  EXPECT_EQ(read.definition.service().timeout_start().seconds(), 7);
  EXPECT_EQ(read.definition.service().timeout_stop().seconds(), 0);
  EXPECT_TRUE(read.definition.service().has_timeout_stop());
  EXPECT_EQ(read.definition.unit().start_limit_interval().seconds(), 3);
  EXPECT_EQ(read.definition.unit().start_limit_burst(), 9U);
}

TEST(ReadUnitFile, FillsWhatSocketsAreSetTo) {
  const Read read(
      "web.socket",
      "[Socket]\nListenStream=80\nListenNetlink=audit 1\nListenMessageQueue=/q\nIPTOS=low-delay\n"
      "Timestamping=\xC2\xB5s\nReceiveBuffer=64K\nMaxConnections=infinity\nPriority=-1\n"
      "KeepAliveTimeSec=1min\nSocketProtocol=mptcp\nX-ListenNames=a \"b c\"\nX-ListenNames=d\n"
      "XAttrListen=user.a=1 user.b=\nXAttrListen=\"user.c=x y\"\n");
  EXPECT_THAT(read.problems, IsEmpty());
  const v1::SocketSpec& socket = read.definition.socket();
  EXPECT_EQ(socket.listen(1).kind(), v1::ListenAddress::KIND_NETLINK);
  EXPECT_EQ(socket.listen(2).address(), "/q");
  EXPECT_EQ(socket.ip_tos(), 0x10);
  EXPECT_EQ(socket.timestamping(), v1::SocketSpec::TIMESTAMPING_MICROSECONDS);
  EXPECT_EQ(socket.receive_buffer(), 65536U);
  EXPECT_TRUE(socket.has_max_connections());
  EXPECT_EQ(socket.max_connections(), 0U);
  EXPECT_EQ(socket.priority(), -1);
  EXPECT_EQ(socket.keep_alive_time().seconds(), 60);
  EXPECT_EQ(socket.socket_protocol(), v1::SocketSpec::SOCKET_PROTOCOL_MPTCP);
  EXPECT_THAT(socket.listen_names(), ElementsAre("a", "b c", "d"));
  EXPECT_THAT(socket.xattr_listen(), ElementsAre("user.a=1", "user.b=", "user.c=x y"));
}

TEST(ReadUnitFile, TakesABooleanForWhetherToDefer) {
  for (const auto& [text, value] : std::vector<std::pair<std::string, int>>{
           {"no", v1::SocketSpec::DEFER_TRIGGER_UNSPECIFIED},
           {"off", v1::SocketSpec::DEFER_TRIGGER_UNSPECIFIED},
           {"true", v1::SocketSpec::DEFER_TRIGGER_YES},
           {"patient", v1::SocketSpec::DEFER_TRIGGER_PATIENT}}) {
    const Read read("web.socket", "[Socket]\nListenStream=80\nDeferTrigger=" + text + "\n");
    EXPECT_THAT(read.problems, IsEmpty()) << text;
    EXPECT_EQ(read.definition.socket().defer_trigger(), value) << text;
  }
}

TEST(ReadUnitFile, TakesABooleanForHowLongDescriptorsStay) {
  for (const auto& [text, value] : std::vector<std::pair<std::string, int>>{
           {"no", v1::ServiceSpec::STORE_PRESERVE_NO},
           {"off", v1::ServiceSpec::STORE_PRESERVE_NO},
           {"1", v1::ServiceSpec::STORE_PRESERVE_YES},
           {"restart", v1::ServiceSpec::STORE_PRESERVE_RESTART},
           {"on-success", v1::ServiceSpec::STORE_PRESERVE_ON_SUCCESS}}) {
    const Read read("web.service",
                    "[Service]\nExecStart=/bin/web\nFileDescriptorStorePreserve=" + text + "\n");
    EXPECT_THAT(read.problems, IsEmpty()) << text;
    EXPECT_EQ(read.definition.service().file_descriptor_store_preserve(), value) << text;
  }
  for (const char* line : {"FileDescriptorStorePreserve=maybe", "FileDescriptorStoreMax=-1",
                           "FileDescriptorStoreMax=x"}) {
    const Read read("web.service", std::string("[Service]\nExecStart=/bin/web\n") + line + "\n");
    EXPECT_THAT(read.problems, SizeIs(1)) << line;
  }
}

TEST(ReadUnitFile, RefusesWhatSocketsCannotBeSetTo) {
  for (const char* line : {"DeferTrigger=soon",
                           "TriggerLimitAction=panic",
                           "IPTTL=256",
                           "IPTTL=-2",
                           "IPTOS=fast",
                           "IPTOS=256",
                           "Timestamping=ms",
                           "ReceiveBuffer=3G",
                           "Priority=x",
                           "KeepAlive=sometimes",
                           "SocketProtocol=tcp",
                           "MaxConnections=many",
                           "XAttrListen=security.a=b",
                           "XAttrAccept=user.=b",
                           "XAttrEntryPoint=user.a",
                           "X-ListenNames=a:b",
                           "MaxConnectionsPerSource=x",
                           "MaxConnectionsPerSource=4/33",
                           "MaxConnectionsPerSource=4/",
                           "MaxConnectionsPerSource=4/32/129",
                           "MaxConnectionsPerSource=4/1/2/3",
                           "PollLimitBurst=-1",
                           "MessageQueueMaxMessages=0",
                           "ListenNetlink=nosuch",
                           "ListenMessageQueue=q"}) {
    const Read read("web.socket", std::string("[Socket]\n") + line + "\n");
    ASSERT_THAT(read.problems, SizeIs(1)) << line;
    EXPECT_TRUE(read.problems[0].fatal) << line;
  }
}

TEST(ReadUnitFile, WarnsOfUnknownKeysWithTheNearest) {
  const Read read("web.socket", "[Socket]\nListenSteam=80\nZebra=1\nDescription=x\n");
  ASSERT_THAT(read.problems, SizeIs(3));
  EXPECT_EQ(read.problems[0].line, 2);
  EXPECT_THAT(read.problems[0].message, HasSubstr("ListenStream="));
  EXPECT_THAT(read.problems[2].message, HasSubstr("[Unit]"));
  for (const Problem& problem : read.problems)
    EXPECT_FALSE(problem.fatal) << problem.message;
  ASSERT_EQ(read.definition.other_size(), 3);
  EXPECT_EQ(read.definition.other(1).value(), "1");
}

TEST(ReadUnitFile, KeepsWhatSystemdKnowsAndSaysSo) {
  const Read read("a.service", "[Service]\nPrivateTmp=yes\n[Unit]\nConditionFirmware=uefi\n");
  ASSERT_THAT(read.problems, SizeIs(2));
  for (const Problem& problem : read.problems)
    EXPECT_THAT(problem.message, HasSubstr("not enforced"));
  EXPECT_EQ(read.definition.other_size(), 2);
}

TEST(ReadUnitFile, PrivateKeysAndSectionsAreNobodysBusiness) {
  const Read read("a.service", "[Service]\nX-Mine=1\n[X-Mine]\na=b\n");
  EXPECT_THAT(read.problems, IsEmpty());
  EXPECT_EQ(read.definition.other_size(), 2);
}

TEST(ReadUnitFile, ForeignSectionsGiveOneWarning) {
  const Read read("a.service", "[Service]\nExecStart=/a\n[Socket]\nListenStream=1\nAccept=no\n");
  ASSERT_THAT(read.problems, SizeIs(1));
  EXPECT_EQ(read.problems[0].line, 4);
  EXPECT_FALSE(read.problems[0].fatal);
  EXPECT_EQ(read.definition.other_size(), 2);
}

TEST(ReadUnitFile, RubbishMakesNoEndlessList) {
  std::string text = "[Socket]\n";
  for (int i = 0; i < 3000; ++i)
    text += "Nonsense" + std::to_string(i) + "=1\nBacklog=x\n";
  const Read read("web.socket", text);
  EXPECT_THAT(read.problems, SizeIs(700));
  EXPECT_EQ(read.definition.other_size(), 3000);
}

TEST(ReadUnitFile, MessagesAreCutBetweenCharacters) {
  std::string value = "x";
  for (int i = 0; i < 500; ++i)
    value += "\xC3\xA4";
  const Read read("web.socket", "[Socket]\nBacklog=" + value + "\n");
  ASSERT_THAT(read.problems, SizeIs(1));
  EXPECT_TRUE(IsCleanUtf8(read.problems[0].message));
  EXPECT_LT(read.problems[0].message.size(), 400U);
}

TEST(ReadUnitFile, ABadValueTellsEverything) {
  const Read read("web.socket", "[Socket]\n\nBacklog=many\n");
  ASSERT_THAT(read.problems, SizeIs(1));
  const Problem& problem = read.problems[0];
  EXPECT_TRUE(problem.fatal);
  EXPECT_EQ(problem.field, "definition.socket.backlog");
  EXPECT_THAT(ToText(problem),
              AllOf(HasSubstr("f:3: [Socket] Backlog=: expected a number"), HasSubstr("many")));
}

TEST(WarnUnenforced, NamesEachKeyOnce) {
  Read read("a.service",
            "[Service]\nType=dbus\nPrivateTmp=yes\nX-A=1\nExecStart=/a\n[Unit]\nNosuch=1\n");
  const size_t from_text = read.problems.size();
  EXPECT_EQ(from_text, 2U);
  WarnUnenforced(read.definition, read.problems);
  EXPECT_THAT(read.problems, SizeIs(from_text + 1));
  EXPECT_EQ(read.problems.back().key, "Type");
  Problems fresh;
  WarnUnenforced(read.definition, fresh);
  EXPECT_THAT(fresh, SizeIs(3));
}

TEST(DirectivesPage, IsTheCheckedInOne) {
  std::ifstream file("proto/directives.md");
  std::stringstream text;
  text << file.rdbuf();
  EXPECT_TRUE(text.str() == DirectivesPage())
      << "proto/directives.md is out of date. Run:\n\n"
         "    bazel run //tests/server/unit:print_directives > proto/directives.md\n";
}

}  // namespace
}  // namespace socketd
