#include "server/unit/specifiers.h"

#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "proto/socketd/v1/unit.pb.h"
#include "tests/testing/matchers.h"

namespace socketd {
namespace {

using ::testing::ElementsAre;
using testing::FailsBecause;
using testing::HasFact;
using testing::IsOk;

Surroundings Around() {
  Surroundings around;
  around.machine_id = "0123";
  around.boot_id = "4567";
  around.host_name = "host.example";
  around.kernel_release = "6.1";
  around.fragment_path = "/etc/socketd/units/a.socket";
  return around;
}

std::string Expand(absl::string_view text, absl::string_view name) {
  const auto expanded = ExpandSpecifiers(text, *UnitName::Parse(name), Around());
  return expanded.ok() ? *expanded : "<" + ReasonOf(expanded.status()) + ">";
}

TEST(Specifiers, SpeakOfTheName) {
  constexpr char kName[] = "foo-bar@a\\x20b-c.service";
  EXPECT_EQ(Expand("%n|%N|%p|%P|%i|%I|%j|%J|%f", kName),
            "foo-bar@a\\x20b-c.service|foo-bar@a\\x20b-c|foo-bar|foo/bar|a\\x20b-c|a b/c|bar|bar|"
            "/a b/c");
  EXPECT_EQ(Expand("%i%I|%p|%f", "foo-bar.socket"), "|foo-bar|/foo/bar");
}

TEST(Specifiers, SpeakOfTheMachineAndTheDaemon) {
  EXPECT_EQ(Expand("%t %S %C %L %E %T %V", "a.socket"),
            "/run /var/lib /var/cache /var/log /etc /tmp /var/tmp");
  EXPECT_EQ(Expand("%m %b %H %l %q %v", "a.socket"),
            "0123 4567 host.example host host.example 6.1");
  EXPECT_EQ(Expand("%u %U %g %G %h %s", "a.socket"), "root 0 root 0 /root /bin/sh");
  EXPECT_EQ(Expand("%y %Y %d %D", "a.socket"),
            "/etc/socketd/units/a.socket /etc/socketd/units /run/credentials/a.socket /usr/share");
}

TEST(Specifiers, LeaveTheRestAlone) {
  EXPECT_EQ(Expand("100%% %e %1 % 5%", "a.socket"), "100% %e %1 % 5%");
  EXPECT_EQ(Expand("%%i", "a@x.socket"), "%i");
  EXPECT_EQ(Expand("[fe80::1]:80%eth0", "a.socket"), "[fe80::1]:80%eth0");
  EXPECT_EQ(Expand("", "a.socket"), "");
}

TEST(Specifiers, FailWhereTheMachineHasNoSuchThing) {
  const auto expanded = ExpandSpecifiers("x-%m", *UnitName::Parse("a.socket"), Surroundings());
  EXPECT_THAT(expanded, FailsBecause("BAD_SPECIFIER"));
  EXPECT_THAT(expanded, HasFact("specifier", "%m"));
}

TEST(Specifiers, DoNotGrowWithoutBound) {
  std::string text;
  for (int i = 0; i < 30000; ++i)
    text += "%n";
  EXPECT_EQ(Expand(text, std::string(200, 'x') + ".service"), "<BAD_SPECIFIER>");
}

TEST(ExpandDefinition, ReachesEveryKindOfField) {
  v1::UnitDefinition d;
  d.mutable_unit()->set_description("for %i");
  d.mutable_unit()->add_wants("b@%i.service");
  d.mutable_install()->set_default_instance_name("%i");
  auto* service = d.mutable_service();
  auto* command = service->add_exec_start();
  command->set_path("/usr//bin/%p");
  command->add_arguments("--name=%i");
  command->add_arguments("%%i");
  command->set_argv0("%n");
  service->set_pid_file("/var/run/%p.pid");
  service->add_success_exit_status("TEMPFAIL");
  service->mutable_exec()->add_environment("A=%I");
  service->mutable_exec()->add_environment_files()->set_path("%E/default/%p");
  service->mutable_exec()->mutable_standard_output()->set_path("%L/x");
  service->mutable_exec()->mutable_working_directory()->set_path("%h");
  auto* other = d.add_other();
  other->set_value("%i");
  ASSERT_THAT(ExpandDefinition(*UnitName::Parse("a@x-y.service"), Around(), d), IsOk());
  EXPECT_EQ(d.unit().description(), "for x-y");
  EXPECT_THAT(d.unit().wants(), ElementsAre("b@x-y.service"));
  EXPECT_EQ(d.install().default_instance_name(), "%i");
  EXPECT_EQ(command->path(), "/usr//bin/a");
  EXPECT_THAT(command->arguments(), ElementsAre("--name=x-y", "%i"));
  EXPECT_EQ(command->argv0(), "a@x-y.service");
  EXPECT_EQ(service->pid_file(), "/run/a.pid");
  EXPECT_THAT(service->success_exit_status(), ElementsAre("75"));
  EXPECT_THAT(service->exec().environment(), ElementsAre("A=x/y"));
  EXPECT_EQ(service->exec().environment_files(0).path(), "/etc/default/a");
  EXPECT_EQ(service->exec().standard_output().path(), "/var/log/x");
  EXPECT_EQ(service->exec().working_directory().path(), "/root");
  EXPECT_EQ(d.other(0).value(), "%i");
}

TEST(ExpandDefinition, CleansPathsToListenOn) {
  v1::UnitDefinition d;
  for (const char* address : {"/var/run//x/", "%t/./y", "[::1]:80%eth0", "@/var/run/z"}) {
    auto* listen = d.mutable_socket()->add_listen();
    listen->set_kind(v1::ListenAddress::KIND_STREAM);
    listen->set_address(address);
  }
  ASSERT_THAT(ExpandDefinition(*UnitName::Parse("a.socket"), Around(), d), IsOk());
  EXPECT_EQ(d.socket().listen(0).address(), "/run/x");
  EXPECT_EQ(d.socket().listen(1).address(), "/run/y");
  EXPECT_EQ(d.socket().listen(2).address(), "[::1]:80%eth0");
  EXPECT_EQ(d.socket().listen(3).address(), "@/var/run/z");
}

TEST(ExpandDefinition, TheFirstFailureNamesTheField) {
  v1::UnitDefinition d;
  d.mutable_service()->mutable_exec()->set_user("%m");
  const absl::Status status = ExpandDefinition(*UnitName::Parse("a.service"), Surroundings(), d);
  EXPECT_THAT(status, FailsBecause("BAD_SPECIFIER"));
  EXPECT_THAT(status, HasFact("field", "definition.service.exec.user"));
  EXPECT_THAT(status, HasFact("key", "User"));
}

}  // namespace
}  // namespace socketd
