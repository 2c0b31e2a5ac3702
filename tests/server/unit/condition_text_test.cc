// Conditions and assertions as unit files say them: what is read, what comes back, what is refused.
#include "server/unit/condition_text.h"

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "proto/socketd/v1/unit.pb.h"
#include "server/unit/schema.h"
#include "server/unit/specifiers.h"
#include "tests/testing/matchers.h"

namespace socketd {
namespace {

using ::socketd::testing::IsOk;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

const UnitName& Name() {
  static const auto& name = *new UnitName(*UnitName::Parse("a@b.service"));
  return name;
}

struct Read {
  explicit Read(const std::string& lines) {
    ReadUnitFile(Name(), {"f", absl::StrCat("[Unit]\n", lines, "\n")}, definition, problems);
  }
  std::vector<std::string> Conditions() const {
    std::vector<std::string> texts;
    for (const v1::Condition& condition : definition.unit().conditions())
      texts.push_back(ConditionText(ConditionRole::kCondition, condition));
    return texts;
  }
  std::vector<std::string> Assertions() const {
    std::vector<std::string> texts;
    for (const v1::Condition& condition : definition.unit().assertions())
      texts.push_back(ConditionText(ConditionRole::kAssertion, condition));
    return texts;
  }

  v1::UnitDefinition definition;
  Problems problems;
};

TEST(ConditionText, SignsComeBeforeTheValueInOneOrder) {
  const Read read(
      "ConditionPathExists=/a\nConditionHost= | ! beta \nConditionUser=!root\nConditionHost=|x\n"
      "ConditionKernelCommandLine=!|x");
  ASSERT_THAT(read.problems, IsEmpty());
  EXPECT_THAT(read.Conditions(),
              ElementsAre("ConditionPathExists=/a", "ConditionHost=|!beta", "ConditionUser=!root",
                          "ConditionHost=|x", "ConditionKernelCommandLine=!|x"));
  const v1::Condition& last = read.definition.unit().conditions(4);
  EXPECT_FALSE(last.trigger());
  EXPECT_TRUE(last.negate());
  EXPECT_EQ(last.value(), "|x");
}

TEST(ConditionText, AnEmptyValueForgetsAllOfItsRole) {
  const Read read(
      "ConditionPathExists=/a\nAssertPathExists=/b\nConditionHost=\nConditionUser=c\n"
      "AssertHost=d");
  EXPECT_THAT(read.Conditions(), ElementsAre("ConditionUser=c"));
  EXPECT_THAT(read.Assertions(), ElementsAre("AssertPathExists=/b", "AssertHost=d"));
}

TEST(ConditionText, ADefinitionComesBackInOrder) {
  const Read read(
      "ConditionHost=|a\nConditionPathExists=!/b\nConditionHost=|!c\nAssertMemory=>=1G\n"
      "AssertPathExists=/d");
  const std::string text = WriteUnitFile(read.definition);
  EXPECT_EQ(text,
            "[Unit]\nConditionHost=|a\nConditionPathExists=!/b\nConditionHost=|!c\n"
            "AssertMemory=>=1G\nAssertPathExists=/d\n");
}

TEST(ConditionText, ABadValueSaysWhatWasExpected) {
  struct Case {
    const char* line;
    const char* expected;
  };
  const Case cases[] = {
      {"ConditionPathExists=etc/x", "expected an absolute path"},
      {"ConditionPathExists=!/../x", "without \"..\""},
      {"ConditionPathExists=|!", "expected a value after \"|\" and \"!\""},
      {"AssertACPower=maybe", "expected"},
      {"ConditionFirstBoot=", ""},
      {"ConditionCPUs=>=many", "expected"},
      {"ConditionCPUs=$=1", "expected an operator for numbers"},
      {"ConditionMemory=1X", "expected"},
      {"ConditionCapability=CAP_FLY", "expected a capability, as CAP_NET_ADMIN"},
      {"ConditionKernelVersion=>=", "expected a version after the operator"},
      {"ConditionVersion=kernel", "expected a comparison with a version"},
      {"ConditionOSRelease=ID", "expected fields with an operator"},
      {"ConditionOSRelease=\"ID=debian", "expected"},
  };
  for (const Case& one : cases) {
    const Read read(one.line);
    if (*one.expected == '\0') {
      EXPECT_THAT(read.problems, IsEmpty()) << one.line;
      continue;
    }
    ASSERT_THAT(read.problems, SizeIs(1)) << one.line;
    EXPECT_TRUE(read.problems[0].fatal);
    const std::string key(one.line, std::string(one.line).find('='));
    EXPECT_THAT(ToText(read.problems[0]), AllOf(HasSubstr(absl::StrCat("f:2: [Unit] ", key, "=: ")),
                                                HasSubstr(one.expected)));
  }
}

TEST(ConditionText, WhatCanNeverBeMetIsAWarning) {
  const Read read(
      "ConditionSecurity=magic\nConditionVirtualization=!dream\nAssertArchitecture=vax\n"
      "ConditionVersion=systemd >=250\nConditionVirtualization=yes\nConditionSecurity=apparmor\n"
      "ConditionArchitecture=%i");
  EXPECT_THAT(read.problems, IsEmpty());
  Problems problems;
  WarnUnenforced(read.definition, problems);
  ASSERT_THAT(problems, SizeIs(4));
  EXPECT_THAT(ToText(problems[0]),
              HasSubstr("[Unit] ConditionSecurity=: no such thing is known: taken as false; the "
                        "value is magic"));
  EXPECT_THAT(ToText(problems[2]), HasSubstr("there is no systemd here"));
  EXPECT_EQ(problems[3].key, "AssertArchitecture");
  for (const Problem& problem : problems)
    EXPECT_FALSE(problem.fatal);
}

TEST(ConditionText, SpecifiersAreExpandedAndCheckedThen) {
  Read read("ConditionPathExists=!/etc/%i.conf\nAssertPathExists=%t/x\nConditionMemory=%i");
  ASSERT_THAT(read.problems, IsEmpty());
  ASSERT_THAT(ExpandDefinition(Name(), Surroundings(), read.definition), IsOk());
  EXPECT_EQ(read.Conditions().front(), "ConditionPathExists=!/etc/b.conf");
  EXPECT_EQ(read.Assertions().front(), "AssertPathExists=/run/x");
  read.definition.mutable_service()->add_exec_start()->set_path("/a");
  Problems problems;
  CheckExpandedDefinition(Name(), read.definition, problems);
  ASSERT_THAT(problems, SizeIs(1));
  EXPECT_EQ(problems[0].key, "ConditionMemory");
}

TEST(ConditionText, WhatAFileCannotSayIsRefused) {
  v1::UnitDefinition definition;
  definition.mutable_service()->add_exec_start()->set_path("/a");
  v1::Condition& condition = *definition.mutable_unit()->add_conditions();
  condition.set_value("/x");
  Problems problems;
  CheckDefinition(Name(), definition, problems);
  EXPECT_THAT(problems, SizeIs(1));  // it has no kind
  condition.set_kind(v1::Condition::KIND_HOST);
  condition.set_value("!x");
  problems.clear();
  CheckDefinition(Name(), definition, problems);
  ASSERT_THAT(problems, SizeIs(1));
  EXPECT_EQ(problems[0].field, "definition.unit.conditions[0]");
  condition.set_negate(true);
  problems.clear();
  CheckDefinition(Name(), definition, problems);
  EXPECT_THAT(problems, IsEmpty());
}

TEST(CapabilityNumber, KnowsNamesAndNumbers) {
  EXPECT_EQ(CapabilityNumber("CAP_CHOWN"), 0U);
  EXPECT_EQ(CapabilityNumber("cap_sys_admin"), 21U);
  EXPECT_EQ(CapabilityNumber("CAP_CHECKPOINT_RESTORE"), 40U);
  EXPECT_EQ(CapabilityNumber("63"), 63U);
  EXPECT_EQ(CapabilityNumber("64"), std::nullopt);
  EXPECT_EQ(CapabilityNumber("CHOWN"), std::nullopt);
}

}  // namespace
}  // namespace socketd
