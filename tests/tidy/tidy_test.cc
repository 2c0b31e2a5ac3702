// The house rules as a test. Each rule is tried on a planted fault first, so that it can fail.
#include <fstream>
#include <iterator>
#include <string>

#include "absl/strings/str_join.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "tests/tidy/machine_picture.h"
#include "tests/tidy/rules.h"
#include "tests/tidy/source_tree.h"

namespace socketd::tidy {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

const Tree& Repository() {
  static const auto& tree = *new Tree(ReadTree(RepositoryRoot()));
  return tree;
}

SourceFile File(std::string path, std::string text) {
  SourceFile file;
  file.path = std::move(path);
  file.code = BlankedCpp(text);
  file.text = std::move(text);
  return file;
}

std::string Lines(const Faults& faults) {
  return absl::StrJoin(faults, "\n");
}

TEST(Tree, IsFound) {
  EXPECT_GT(Repository().size(), 50U) << RepositoryRoot();
}

TEST(Tree, BlanksCommentsAndStrings) {
  EXPECT_EQ(BlankedCpp("a // b\nc"), "a     \nc");
  EXPECT_EQ(BlankedCpp("f(\"x\\\"y\", 'z');"), "f(      ,    );");
  EXPECT_EQ(BlankedCpp("R\"(a\nb)\" c"), "    \n    c");
  EXPECT_EQ(BlankedCpp("1'000 /* x */ y"), "1'000         y");
}

TEST(Words, FindsPlantedFaults) {
  const Tree tree = {File("server/engine/a.cc", "void F() { throw 1; }"),
                     File("server/engine/b.cc", "x = absl::Now();"),
                     File("server/engine/c.cc", "// throw, absl::Now()\nint retry;"),
                     File("server/unit/d.h", "class UnitManager {"),
                     File("server/api/e.cc", "const int fd = 3;")};
  EXPECT_THAT(CheckWords(tree),
              ElementsAre(HasSubstr("a.cc:1: throw"), HasSubstr("b.cc:1: absl::Now("),
                          HasSubstr("d.h:1: UnitManager"), HasSubstr("e.cc:1: int fd")));
}

TEST(Words, HoldInTheTree) {
  EXPECT_THAT(CheckWords(Repository()), IsEmpty()) << Lines(CheckWords(Repository()));
}

TEST(Includes, FindPlantedFaults) {
  const Tree tree = {
      File("server/engine/a.cc", "#include \"server/kernel/linux_kernel.h\"\n"),
      File("server/engine/b.cc", "#include <grpcpp/grpcpp.h>\n#include <vector>\n"),
      File("server/unit/c.cc", "#include \"server/engine/engine.h\"\n"),
      File("cli/d.cc", "#include \"server/base/text.h\"\n#include \"proto/x.pb.h\"\n"),
      File("elsewhere/e.cc", "")};
  EXPECT_THAT(
      CheckIncludes(tree),
      ElementsAre(HasSubstr("a.cc:1: server/kernel/linux_kernel.h"),
                  HasSubstr("b.cc:1: grpcpp/grpcpp.h"), HasSubstr("c.cc:1: server/engine/engine.h"),
                  HasSubstr("d.cc:1: server/base/text.h"), HasSubstr("on no floor")));
}

TEST(Includes, FollowTheFloors) {
  EXPECT_THAT(CheckIncludes(Repository()), IsEmpty()) << Lines(CheckIncludes(Repository()));
}

TEST(Sizes, FindPlantedFaults) {
  std::string lines;
  for (int i = 0; i < 60; ++i)
    lines += "  Call();\n";
  const Tree tree = {File("server/a.cc", "void F(int a) {\n" + lines + "}\n"),
                     File("server/b.cc", "C::C(int a) : a_{a} {\n" + lines + "}\n"),
                     File("server/c.cc", "namespace x {\nstruct S {\n" + lines + "};\n}\n"),
                     File("server/d.cc", std::string(101, 'x') + "\n"),
                     File("server/e.cc", lines + lines + lines + lines + lines + lines + lines)};
  EXPECT_THAT(CheckSizes(tree),
              ElementsAre(HasSubstr("a.cc:1: function of 62"), HasSubstr("b.cc:1: function of 62"),
                          HasSubstr("d.cc:1: 101 columns"), HasSubstr("e.cc: 420 lines")));
}

TEST(Sizes, HoldInTheTree) {
  EXPECT_THAT(CheckSizes(Repository()), IsEmpty()) << Lines(CheckSizes(Repository()));
}

TEST(BuildFiles, FindPlantedFaults) {
  const Tree tree = {File("server/x/BUILD.bazel", "srcs = [\"a.cc\"]"), File("server/x/a.cc", ""),
                     File("server/x/b.cc", ""), File("server/y/c.cc", "")};
  EXPECT_THAT(CheckBuildFiles(tree),
              ElementsAre(HasSubstr("b.cc: in no target"), HasSubstr("c.cc: its folder")));
}

TEST(BuildFiles, NameEverySource) {
  EXPECT_THAT(CheckBuildFiles(Repository()), IsEmpty()) << Lines(CheckBuildFiles(Repository()));
}

TEST(Suites, FindPlantedFaults) {
  const Tree tree = {File("BUILD.bazel", "\"//tests/a:tests\""),
                     File("tests/a/BUILD.bazel", "cc_test("),
                     File("tests/b/BUILD.bazel", "cc_test(")};
  EXPECT_THAT(CheckSuites(tree), ElementsAre(HasSubstr("//tests/b:tests")));
}

TEST(Suites, HoldEveryTest) {
  EXPECT_THAT(CheckSuites(Repository()), IsEmpty()) << Lines(CheckSuites(Repository()));
}

TEST(Layout, FindsPlantedFaults) {
  const Tree tree = {File("docs/a.md", ""), File("tests/run", "#!/bin/sh\n")};
  EXPECT_THAT(Lines(CheckLayout(tree)),
              testing::AllOf(HasSubstr("docs/a.md: does not belong"),
                             HasSubstr("tests/run: cannot"), HasSubstr("proto: missing")));
}

TEST(Layout, IsAsGiven) {
  EXPECT_THAT(CheckLayout(Repository()), IsEmpty()) << Lines(CheckLayout(Repository()));
}

TEST(Headers, FindPlantedFaults) {
  EXPECT_THAT(CheckHeaders({File("server/a.h", "#pragma once\n")}), ElementsAre(HasSubstr("a.h")));
}

TEST(Headers, SayWhatTheyAre) {
  EXPECT_THAT(CheckHeaders(Repository()), IsEmpty()) << Lines(CheckHeaders(Repository()));
}

TEST(Picture, IsTheTable) {
  std::ifstream in(RepositoryRoot() + "/server/README.md");
  const std::string page(std::istreambuf_iterator<char>(in), {});
  EXPECT_THAT(page, HasSubstr(DrawSocketMachine())) << "bazel run //tests/tidy:draw_machines";
  EXPECT_THAT(page, HasSubstr(DrawServiceMachine())) << "bazel run //tests/tidy:draw_machines";
}

}  // namespace
}  // namespace socketd::tidy
