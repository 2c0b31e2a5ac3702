// Every field of every spec is written and read back, found by reflection: a directive that is
// added to the schema is tested without a change here.
#include <algorithm>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "google/protobuf/util/message_differencer.h"
#include "gtest/gtest.h"

#include "proto/socketd/v1/unit.pb.h"
#include "server/unit/directive_table.h"
#include "server/unit/field_value.h"
#include "server/unit/known_keys.h"
#include "server/unit/schema.h"
#include "server/unit/sections.h"

namespace socketd {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::util::MessageDifferencer;
using ::testing::IsEmpty;
using ::testing::Not;

std::vector<std::string> SpellingsOf(const google::protobuf::EnumDescriptor& type) {
  std::vector<std::string> spellings;
  for (int i = 0; i < type.value_count(); ++i) {
    const std::string& spelling = type.value(i)->options().GetExtension(v1::spelling);
    if (!spelling.empty()) spellings.push_back(spelling);
  }
  return spellings;
}

std::vector<std::string> SamplesByType(const Directive& directive) {
  switch (directive.field->cpp_type()) {
    case FieldDescriptor::CPPTYPE_BOOL:
      return {"yes", "no"};
    case FieldDescriptor::CPPTYPE_ENUM:
      return SpellingsOf(*directive.field->enum_type());
    case FieldDescriptor::CPPTYPE_INT32:
      return {std::to_string(directive.option->minimum()), "0",
              std::to_string(directive.option->maximum())};
    case FieldDescriptor::CPPTYPE_UINT32:
      return directive.option->maximum() == 0 ? std::vector<std::string>{"0", "1", "4294967295"}
                                              : std::vector<std::string>{"1", "7"};
    default:
      return {};
  }
}

// Samples for what names files, users and states of the system.
std::vector<std::string> SystemSamples(const Directive& directive) {
  switch (directive.grammar) {
    case v1::GRAMMAR_PATH:
      return {"/a b", "%t/x"};
    case v1::GRAMMAR_RUNTIME_PATH:
      return {"/a b", "a/b c"};
    case v1::GRAMMAR_PATHS:
      return {"/a \"/b c\" %t/d"};
    case v1::GRAMMAR_SIGNAL:
      return {"TERM", "9", "RTMIN+3", "33"};
    case v1::GRAMMAR_ENVIRONMENT_FILE:
      return {"-/etc/default/x y", "/e"};
    case v1::GRAMMAR_STDIO:
      return {"inherit", "append:/l o g", "journal+console"};
    case v1::GRAMMAR_STANDARD_INPUT:
      return {"null", "file:/x", "tty-force"};
    case v1::GRAMMAR_WORKING_DIRECTORY:
      return {"-~", "/x y", "~"};
    case v1::GRAMMAR_DIRECTORY_NAMES:
      return {"a b/c \"d e\""};
    case v1::GRAMMAR_USER:
      return {"nobody", "65534", "%u"};
    case v1::GRAMMAR_FD_NAME:
      return {"a name", "%n"};
    case v1::GRAMMAR_TEXT:
      return {"some \"text\" 'of' \\n any = kind # %n"};
    case v1::GRAMMAR_INTERFACE:
      return {"eth0"};
    case v1::GRAMMAR_EXIT_STATUSES:
      return {"0 255 TEMPFAIL SIGKILL HUP"};
    default:
      return SamplesByType(directive);
  }
}

std::vector<std::string> ConditionSamples(v1::Grammar grammar) {
  switch (grammar) {
    case v1::GRAMMAR_CONDITION_TEXT:
      return {"|!some \"text\" = %n", "!a"};
    case v1::GRAMMAR_CONDITION_PATH:
      return {"|!/a b", "!/%i", "/*"};
    case v1::GRAMMAR_CONDITION_BOOLEAN:
      return {"!yes", "|0"};
    case v1::GRAMMAR_CONDITION_NUMBER:
      return {"4", "|!>= 4"};
    case v1::GRAMMAR_CONDITION_SIZE:
      return {"<1.5G", "!%i"};
    case v1::GRAMMAR_CONDITION_VERSION:
      return {">= 6 \"< 7\" !=6.5", "kernel \"*\"", "glibc >=2"};
    case v1::GRAMMAR_CONDITION_FIELDS:
      return {"!ID=debian \"VERSION_ID>=12\" NAME$=D*"};
    default:
      return {"CAP_CHOWN", "!cap_net_admin"};
  }
}

std::vector<std::string> AddressSamples(int kind) {
  switch (kind) {
    case v1::ListenAddress::KIND_SEQUENTIAL_PACKET:
      return {"@a b", "/run/s"};
    case v1::ListenAddress::KIND_STREAM:
    case v1::ListenAddress::KIND_DATAGRAM:
      return {"80", "[::1]:8%lo", "@x"};
    default:
      return {"/run/f i", "%t/f"};
  }
}

// Texts that the directive's grammar takes, odd ones among them.
std::vector<std::string> Samples(const Directive& directive) {
  if (directive.field->message_type() == v1::Condition::descriptor()) {
    return ConditionSamples(directive.grammar);
  }
  switch (directive.grammar) {
    case v1::GRAMMAR_ADDRESS:
      return AddressSamples(directive.option->kind());
    case v1::GRAMMAR_NETLINK:
      return {"audit 1", "kobject-uevent", "2 %i"};
    case v1::GRAMMAR_QUEUE:
      return {"/queue", "/%n"};
    case v1::GRAMMAR_COUNT:
      return {"0", "1", "4294967295"};
    case v1::GRAMMAR_PER_SOURCE:
      return {"0", "4", "4/24", "4/0/128", "4//56"};
    case v1::GRAMMAR_IP_TOS:
      return {"0", "255", "low-delay"};
    case v1::GRAMMAR_XATTR:
      return {"user.a=b \"user.b=c d\"", "user.c=%i"};
    case v1::GRAMMAR_FD_NAMES:
      return {"a \"b c\" %n"};
    case v1::GRAMMAR_COMMAND:
      return {"-@:+/bin/x \"arg 0\" ';' \"\" %i $X ${Y} \"\\t\\\\\"", "plain", "!!/a ; !/b"};
    case v1::GRAMMAR_SPAN:
    case v1::GRAMMAR_TIMEOUT:
      return {"0", "1min 30s", "5us", "infinity"};
    case v1::GRAMMAR_SIZE:
      return {"64K", "1"};
    case v1::GRAMMAR_MODE:
      return {"0", "0660", "7777"};
    case v1::GRAMMAR_LIMIT:
    case v1::GRAMMAR_LIMIT_BYTES:
    case v1::GRAMMAR_LIMIT_SECONDS:
    case v1::GRAMMAR_LIMIT_MICROSECONDS:
      return {"0", "1:2", "3:infinity", "infinity"};
    case v1::GRAMMAR_LIMIT_NICE:
      return {"+5", "1:40"};
    case v1::GRAMMAR_ENVIRONMENT:
      return {"A=1 \"B=x y\" C='\"' D=", "%%=x"};
    case v1::GRAMMAR_WORDS:
      return {"a b \"c d\" '' \"\\\\\"", "man:x(1)"};
    case v1::GRAMMAR_UNIT_NAMES:
      return directive.key == "Sockets" ? std::vector<std::string>{"a.socket b@%i.socket"}
                                        : std::vector<std::string>{"a.service b@%i.socket c@.path"};
    case v1::GRAMMAR_UNIT_NAME:
      return {"x@%i.service"};
    default:
      return SystemSamples(directive);
  }
}

UnitName NameFor(const Directive& directive) {
  const bool is_service = directive.section == "Service" ||
                          (!directive.path.empty() && directive.path[0]->name() == "service");
  return *UnitName::Parse(is_service ? "a@b.service" : "a@b.socket");
}

void ExpectComesBack(const UnitName& name, const v1::UnitDefinition& definition) {
  const std::string text = WriteUnitFile(definition);
  v1::UnitDefinition again;
  Problems problems;
  ReadUnitFile(name, {"again", text}, again, problems);
  std::string difference;
  MessageDifferencer differencer;
  differencer.ReportDifferencesToString(&difference);
  EXPECT_TRUE(differencer.Compare(definition, again)) << text << difference;
  for (const Problem& problem : problems)
    EXPECT_FALSE(problem.fatal) << ToText(problem) << "\n" << text;
}

TEST(WriteUnitFile, EveryFieldComesBack) {
  for (const Directive& directive : DirectiveTable::Get().directives()) {
    const auto samples = Samples(directive);
    ASSERT_THAT(samples, Not(IsEmpty())) << directive.key << " has no sample: add its grammar here";
    for (const std::string& sample : samples) {
      SCOPED_TRACE(directive.section + "." + directive.key + "=" + sample);
      v1::UnitDefinition definition;
      Problems problems;
      const UnitName name = NameFor(directive);
      const std::string file =
          "[" + directive.section + "]\n" + directive.key + "=" + sample + "\n";
      ReadUnitFile(name, {"f", file}, definition, problems);
      EXPECT_THAT(problems, IsEmpty());
      const Message* message = directive.Find(definition);
      // An enum's zero is as good as unset.
      const bool is_default = sample == "default" || sample == "off" ||
                              (directive.key == "DeferTrigger" && sample == "no");
      EXPECT_TRUE(is_default || (message != nullptr && CountValues(directive, *message) > 0));
      ExpectComesBack(name, definition);
    }
  }
}

TEST(WriteUnitFile, AllFieldsTogetherComeBack) {
  for (const char* text : {"a@b.socket", "a@b.service", "a.target"}) {
    const UnitName name = *UnitName::Parse(text);
    std::string file;
    for (const Directive& directive : DirectiveTable::Get().directives()) {
      if (!HasSection(name.type(), directive.section)) continue;
      for (const std::string& sample : Samples(directive))
        file += "[" + directive.section + "]\n" + directive.key + "=" + sample + "\n";
    }
    v1::UnitDefinition definition;
    Problems problems;
    ReadUnitFile(name, {"f", file}, definition, problems);
    EXPECT_THAT(problems, IsEmpty());
    ExpectComesBack(name, definition);
  }
}

TEST(WriteUnitFile, OtherDirectivesKeepTheirOrder) {
  v1::UnitDefinition definition;
  Problems problems;
  const UnitName name = *UnitName::Parse("a.service");
  const std::string file =
      "[Install]\nFoo=1\n[Service]\nPrivateTmp=yes\nExecStart=/a\n[X-Y]\na=b\n[Unit]\nBar=\n"
      "[Service]\nSystemCallFilter=\nSystemCallFilter=~x\n[Socket]\nListenStream=1\n";
  ReadUnitFile(name, {"f", file}, definition, problems);
  ASSERT_EQ(definition.other_size(), 7);
  ExpectComesBack(name, definition);
}

TEST(WriteUnitFile, LongListsTakeSeveralLines) {
  v1::UnitDefinition definition;
  definition.mutable_target();
  for (int i = 0; i < 100; ++i)
    definition.mutable_unit()->add_after("unit-" + std::to_string(i) + ".service");
  const std::string text = WriteUnitFile(definition);
  EXPECT_GT(std::count(text.begin(), text.end(), '\n'), 10);
  ExpectComesBack(*UnitName::Parse("a.target"), definition);
}

// What once came back otherwise, or not at all.
TEST(WriteUnitFile, OddTextComesBackOrIsRefused) {
  struct Line {
    const char* text;
    bool refused = false;
  };
  const Line lines[] = {
      {"ExecStartPre=/bin/\x1ch \x7F"},  // control characters as they are
      {"X-De\xC2\223cription=\x1c a"},   // in a key and a value that nobody knows
      {"Environment=\"B=\\xc3\\xa4\""},  // bytes that make a character
      {"Environment=A=\\303", true},     // that make none
      {"ExecStartPre=/bin/x De\\x93cription", true},
      {"De\223cription=x", true},
      {"ExecStartPre=/bin/x \\; \"\\\\;\" \\\\;"},  // semicolons with and without backslash
      {"ExecStartPre=@/bin/x '' y", true},
      {"LimitCPU=315575999999s 500ms"},  // rounded up to infinity
  };
  for (const Line& line : lines) {
    SCOPED_TRACE(line.text);
    v1::UnitDefinition definition;
    Problems problems;
    const UnitName name = *UnitName::Parse("a@b.socket");
    ReadUnitFile(name, {"f", std::string("[Socket]\n") + line.text + "\n"}, definition, problems);
    EXPECT_EQ(!problems.empty() && problems[0].fatal, line.refused);
    v1::UnitDefinition sent;
    EXPECT_TRUE(sent.ParseFromString(definition.SerializeAsString()));
    ExpectComesBack(name, definition);
  }
}

TEST(WriteUnitFile, WritesForPeople) {
  v1::UnitDefinition definition;
  definition.mutable_unit()->set_description("The web");
  auto* socket = definition.mutable_socket();
  auto* listen = socket->add_listen();
  listen->set_kind(v1::ListenAddress::KIND_STREAM);
  listen->set_address("80");
  listen = socket->add_listen();
  listen->set_kind(v1::ListenAddress::KIND_DATAGRAM);
  listen->set_address("80");
  socket->set_accept(false);
  EXPECT_EQ(WriteUnitFile(definition),
            "[Unit]\nDescription=The web\n\n"
            "[Socket]\nListenStream=80\nListenDatagram=80\nAccept=no\n");
}

TEST(KnownKeys, HaveNoField) {
  for (const char* section : {"Unit", "Socket", "Service", "Install"}) {
    EXPECT_THAT(UnenforcedKeys(section), Not(IsEmpty())) << section;
    for (absl::string_view key : UnenforcedKeys(section)) {
      EXPECT_THAT(DirectiveTable::Get().Find(section, key), IsEmpty())
          << section << "." << key << " has a field: take it out of known_keys.inc";
    }
  }
  EXPECT_TRUE(IsUnenforcedKey("Service", "PrivateTmp"));
  EXPECT_TRUE(IsUnenforcedKey("Socket", "MemoryMax"));
  EXPECT_FALSE(IsUnenforcedKey("Unit", "PrivateTmp"));
  EXPECT_FALSE(IsUnenforcedKey("Service", "ExecStart"));
}

}  // namespace
}  // namespace socketd
