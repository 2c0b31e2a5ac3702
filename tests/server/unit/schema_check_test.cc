#include <functional>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "proto/socketd/v1/unit.pb.h"
#include "server/unit/schema.h"

namespace socketd {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

std::vector<std::string> Fields(absl::string_view name, const v1::UnitDefinition& definition) {
  Problems problems;
  CheckDefinition(*UnitName::Parse(name), definition, problems);
  std::vector<std::string> fields;
  for (const Problem& problem : problems) {
    EXPECT_TRUE(problem.fatal) << ToText(problem);
    EXPECT_FALSE(problem.message.empty());
    fields.push_back(problem.field);
  }
  return fields;
}

v1::UnitDefinition Socket(const std::string& address = "/run/x") {
  v1::UnitDefinition definition;
  auto* listen = definition.mutable_socket()->add_listen();
  listen->set_kind(v1::ListenAddress::KIND_STREAM);
  listen->set_address(address);
  return definition;
}

v1::UnitDefinition Service(int commands = 1) {
  v1::UnitDefinition definition;
  definition.mutable_service();
  for (int i = 0; i < commands; ++i)
    definition.mutable_service()->add_exec_start()->set_path("/bin/x");
  return definition;
}

TEST(CheckDefinition, AcceptsWhatHoldsTogether) {
  EXPECT_THAT(Fields("a.socket", Socket()), IsEmpty());
  EXPECT_THAT(Fields("a.socket", Socket("%t/%n")), IsEmpty());
  EXPECT_THAT(Fields("a.service", Service()), IsEmpty());
  v1::UnitDefinition target;
  target.mutable_target();
  EXPECT_THAT(Fields("a.target", target), IsEmpty());
}

TEST(CheckDefinition, TheTypeFitsTheName) {
  EXPECT_THAT(Fields("a.service", Socket()), ElementsAre("definition"));
  EXPECT_THAT(Fields("a.socket", v1::UnitDefinition()), ElementsAre("definition"));
}

TEST(CheckDefinition, NamesEveryBadValueByItsField) {
  v1::UnitDefinition d = Socket("no address");
  auto* socket = d.mutable_socket();
  socket->set_socket_mode(010000);
  socket->mutable_timeout()->set_seconds(-1);
  socket->set_file_descriptor_name("a:b");
  socket->set_bind_to_device("a/b");
  socket->mutable_kill()->set_kill_signal(99);
  socket->mutable_kill()->set_mode(static_cast<v1::KillSpec::Mode>(77));
  socket->mutable_exec()->set_nice(20);
  socket->mutable_exec()->add_environment("A=1");
  socket->mutable_exec()->add_environment("no entry");
  socket->mutable_exec()->mutable_limit_nofile()->set_soft(2);
  socket->mutable_exec()->mutable_limit_nofile()->set_hard(1);
  socket->mutable_exec()->mutable_standard_input()->set_kind(v1::StandardStream::KIND_APPEND);
  socket->add_exec_start_pre()->set_path("relative/path");
  socket->add_exec_start_post();
  d.mutable_unit()->set_description("two\nlines");
  d.mutable_unit()->add_after("nosuffix");
  EXPECT_THAT(
      Fields("a.socket", d),
      ElementsAre("definition.unit.description", "definition.unit.after[0]",
                  "definition.socket.listen[0]", "definition.socket.bind_to_device",
                  "definition.socket.exec_start_pre[0]", "definition.socket.exec_start_post[0]",
                  "definition.socket.timeout", "definition.socket.socket_mode",
                  "definition.socket.file_descriptor_name", "definition.socket.exec.environment[1]",
                  "definition.socket.exec.standard_input", "definition.socket.exec.limit_nofile",
                  "definition.socket.exec.nice", "definition.socket.kill.mode",
                  "definition.socket.kill.kill_signal"));
}

TEST(CheckDefinition, RefusesWhatATextWouldTurnIntoSomethingElse) {
  v1::UnitDefinition d = Service();
  d.mutable_service()->mutable_exec_start(0)->set_path("-/bin/x");
  EXPECT_THAT(Fields("a.service", d), ElementsAre("definition.service.exec_start[0]"));
  d = Service();
  d.mutable_unit()->set_description("ends with \\");
  EXPECT_THAT(Fields("a.service", d), ElementsAre("definition.unit.description"));
  d = Service();
  d.mutable_service()->mutable_restart_delay()->set_nanos(1);
  EXPECT_THAT(Fields("a.service", d), ElementsAre("definition.service.restart_delay"));
  d = Socket();
  d.mutable_socket()->mutable_listen(0)->clear_kind();
  EXPECT_THAT(Fields("a.socket", d), ElementsAre("definition.socket.listen[0]"));
}

TEST(CheckDefinition, ChecksWhatHasNoField) {
  const auto other = [](const char* section, const char* key, const char* value) {
    v1::UnitDefinition d = Service();
    auto* added = d.add_other();
    added->set_section(section);
    added->set_key(key);
    added->set_value(value);
    return Fields("a.service", d);
  };
  EXPECT_THAT(other("Service", "PrivateTmp", "yes"), IsEmpty());
  EXPECT_THAT(other("X-Mine", "k", ""), IsEmpty());
  EXPECT_THAT(other("Socket", "ListenStream", "80"), IsEmpty());
  EXPECT_THAT(other("Service", "ExecStart", "/x"), ElementsAre("definition.other[0]"));
  EXPECT_THAT(other("a]b", "k", "v"), ElementsAre("definition.other[0]"));
  EXPECT_THAT(other("", "k", "v"), ElementsAre("definition.other[0]"));
  EXPECT_THAT(other("A", "k=l", "v"), ElementsAre("definition.other[0]"));
  EXPECT_THAT(other("A", "k", "v\n[Service]\nUser=root"), ElementsAre("definition.other[0]"));
}

TEST(CheckDefinition, BoundsTheNumberOfValues) {
  v1::UnitDefinition d = Service();
  for (int i = 0; i < 20000; ++i)
    d.mutable_unit()->add_after("a.service");
  EXPECT_THAT(Fields("a.service", d), Contains("definition"));
}

TEST(CheckDefinition, ASocketListens) {
  v1::UnitDefinition d;
  d.mutable_socket();
  EXPECT_THAT(Fields("a.socket", d), ElementsAre("definition.socket.listen"));
}

TEST(CheckDefinition, AcceptNeedsConnectionsAndATemplate) {
  v1::UnitDefinition d = Socket("80");
  d.mutable_socket()->set_accept(true);
  EXPECT_THAT(Fields("a.socket", d), IsEmpty());
  d.mutable_socket()->set_service("b.service");
  EXPECT_THAT(Fields("a.socket", d), ElementsAre("definition.socket.service"));
  d.mutable_socket()->clear_service();
  d.mutable_socket()->mutable_listen(0)->set_kind(v1::ListenAddress::KIND_DATAGRAM);
  EXPECT_THAT(Fields("a.socket", d), ElementsAre("definition.socket.accept"));
  d = Socket();
  d.mutable_socket()->set_accept(true);
  d.mutable_socket()->mutable_listen(0)->set_kind(v1::ListenAddress::KIND_FIFO);
  EXPECT_THAT(Fields("a.socket", d), ElementsAre("definition.socket.accept"));
}

TEST(CheckDefinition, SymlinksNeedExactlyOneNode) {
  v1::UnitDefinition d = Socket("80");
  d.mutable_socket()->add_symlinks("/run/l");
  EXPECT_THAT(Fields("a.socket", d), ElementsAre("definition.socket.symlinks"));
  d.mutable_socket()->mutable_listen(0)->set_address("/run/x");
  EXPECT_THAT(Fields("a.socket", d), IsEmpty());
  *d.mutable_socket()->add_listen() = d.socket().listen(0);
  EXPECT_THAT(Fields("a.socket", d), ElementsAre("definition.socket.symlinks"));
}

TEST(CheckDefinition, OnlyNodesOfOurOwnCountForSymlinks) {
  v1::UnitDefinition d = Socket();
  d.mutable_socket()->add_symlinks("/run/l");
  auto* special = d.mutable_socket()->add_listen();
  special->set_kind(v1::ListenAddress::KIND_SPECIAL);
  special->set_address("/dev/x");
  auto* queue = d.mutable_socket()->add_listen();
  queue->set_kind(v1::ListenAddress::KIND_MESSAGE_QUEUE);
  queue->set_address("/q");
  EXPECT_THAT(Fields("a.socket", d), IsEmpty());
}

TEST(CheckDefinition, EachAddressHasItsNameAndAQueueBothItsLimits) {
  v1::UnitDefinition d = Socket();
  d.mutable_socket()->add_listen_names("a");
  d.mutable_socket()->set_message_queue_max_messages(1);
  d.mutable_socket()->set_message_queue_message_size(1);
  EXPECT_THAT(Fields("a.socket", d), IsEmpty());
  d.mutable_socket()->add_listen_names("b");
  d.mutable_socket()->clear_message_queue_message_size();
  EXPECT_THAT(Fields("a.socket", d), ElementsAre("definition.socket.listen_names",
                                                 "definition.socket.message_queue_max_messages"));
}

TEST(CheckDefinition, NamesOfOtherUnitsHaveTheRightType) {
  v1::UnitDefinition d = Socket();
  d.mutable_socket()->set_service("b.socket");
  EXPECT_THAT(Fields("a.socket", d), ElementsAre("definition.socket.service"));
  d = Service();
  d.mutable_service()->add_sockets("b.service");
  EXPECT_THAT(Fields("a.service", d), ElementsAre("definition.service.sockets"));
}

TEST(CheckDefinition, AServiceStartsSomething) {
  v1::UnitDefinition d = Service(0);
  EXPECT_THAT(Fields("a.service", d), ElementsAre("definition.service.exec_start"));
  d.mutable_service()->set_remain_after_exit(true);
  EXPECT_THAT(Fields("a.service", d), ElementsAre("definition.service.exec_start"));
  d.mutable_service()->add_exec_stop()->set_path("/bin/x");
  EXPECT_THAT(Fields("a.service", d), IsEmpty());
  d.mutable_service()->set_type(v1::ServiceSpec::TYPE_SIMPLE);
  EXPECT_THAT(Fields("a.service", d), ElementsAre("definition.service.exec_start"));
}

TEST(CheckDefinition, OnlyOneshotHasSeveralCommands) {
  v1::UnitDefinition d = Service(2);
  EXPECT_THAT(Fields("a.service", d), ElementsAre("definition.service.exec_start"));
  d.mutable_service()->set_type(v1::ServiceSpec::TYPE_ONESHOT);
  EXPECT_THAT(Fields("a.service", d), IsEmpty());
  d.mutable_service()->set_restart(v1::ServiceSpec::RESTART_ALWAYS);
  EXPECT_THAT(Fields("a.service", d), ElementsAre("definition.service.restart"));
  d.mutable_service()->set_restart(v1::ServiceSpec::RESTART_ON_FAILURE);
  EXPECT_THAT(Fields("a.service", d), IsEmpty());
}

TEST(CheckExpandedDefinition, APercentSignIsALetter) {
  Problems problems;
  CheckExpandedDefinition(*UnitName::Parse("a.socket"), Socket("%t/x"), problems);
  ASSERT_EQ(problems.size(), 1U);
  EXPECT_EQ(problems[0].field, "definition.socket.listen[0]");
  problems.clear();
  CheckExpandedDefinition(*UnitName::Parse("a.socket"), Socket("/run/100%"), problems);
  EXPECT_THAT(problems, IsEmpty());
}

}  // namespace
}  // namespace socketd
