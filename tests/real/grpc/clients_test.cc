// Other people's clients against a real daemon: grpcurl and buf with no .proto files, Python with
// reflection, Node with .proto files. tests/run installs them and names them by SOCKETD_*; where
// one is not named its cases are skipped, unless SOCKETD_REQUIRE_CLIENTS is set.
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "gmock/gmock.h"

#include "tests/real/grpc/api_session.h"
#include "tests/real/testing/processes.h"

namespace socketd::real {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr char kService[] = "socketd.v1.UnitService";

std::string Variable(const char* name) {
  const char* value = std::getenv(name);  // NOLINT(concurrency-mt-unsafe)
  return value == nullptr ? "" : value;
}

class ClientsTest : public ApiSession {
 protected:
  using ApiSession::ApiSession;

  // The program or folder that `variable` names; skips the case where it is not there.
  std::string Need(const char* variable) {
    std::string path = Variable(variable);
    if (!path.empty() && std::filesystem::exists(path)) return path;
    if (Variable("SOCKETD_REQUIRE_CLIENTS").empty()) return "";
    ADD_FAILURE() << variable << " names no program: '" << path << "'";
    return "";
  }
  static ProgramResult Say(std::vector<std::string> words) {
    return Execute(std::move(words), true);
  }
};

// ---- grpcurl ----

class GrpcurlTest : public ClientsTest {
 protected:
  void SetUp() override {
    grpcurl_ = Need("SOCKETD_GRPCURL");
    if (grpcurl_.empty()) GTEST_SKIP() << "SOCKETD_GRPCURL is not set";
  }
  ProgramResult Plain(std::vector<std::string> words) {
    words.insert(words.begin(), {grpcurl_, "-plaintext", "-unix", "-max-time", "20"});
    return Say(std::move(words));
  }
  ProgramResult Call(const std::string& method, const std::string& json) {
    return Plain({"-d", json, daemon_.api_path(), absl::StrCat(kService, "/", method)});
  }

  std::string grpcurl_;
};

TEST_F(GrpcurlTest, ListsAndDescribes) {
  const ProgramResult list = Plain({daemon_.api_path(), "list"});
  EXPECT_EQ(list.status, 0) << list.output;
  EXPECT_THAT(list.output, AllOf(HasSubstr(kService), HasSubstr("grpc.health.v1.Health"),
                                 HasSubstr("grpc.reflection.v1alpha.ServerReflection")));
  const ProgramResult described = Plain({daemon_.api_path(), "describe", kService});
  EXPECT_EQ(described.status, 0) << described.output;
  EXPECT_THAT(described.output, HasSubstr("rpc WatchUnits"));
  EXPECT_THAT(Plain({daemon_.api_path(), "describe", "socketd.v1.SocketSpec"}).output,
              HasSubstr("ListenSequentialPacket"));
}

TEST_F(GrpcurlTest, CallsEveryMethod) {
  struct Step {
    const char* method;
    std::string json;
    const char* expected;
  };
  const std::string service = R"([Service]\nExecStart=/bin/cat\nStandardInput=socket\n)";
  const std::vector<Step> steps = {
      {"GetServer", "{}", "\"pid\""},
      {"VerifyUnit", R"({"unit_id": "x.socket", "unit_file": "[Socket]\nBacklog=x\n"})", "Backlog"},
      {"CreateUnit", absl::StrCat(R"({"unit_id": "made@.service", "unit_file": ")", service, "\"}"),
       "units/made@.service"},
      {"CreateUnit",
       absl::StrCat(R"({"unit_id": "made.socket", "definition": {"socket": {"accept": true, )",
                    R"("listen": [{"kind": "KIND_STREAM", "address": ")", place_.root(),
                    R"(/made"}]}}})"),
       "units/made.socket"},
      {"GetUnit", R"({"name": "units/made.socket"})", "ListenStream="},
      {"ListUnits", R"({"patterns": ["made*"]})", "units/made.socket"},
      {"StartUnit", R"({"name": "made.socket", "request_id": "1"})", "listening"},
      {"RestartUnit", R"({"name": "made.socket"})", "listening"},
      {"DumpUnit", R"({"name": "made.socket"})", "\"text\""},
      {"StopUnit", R"({"name": "made.socket"})", "dead"},
      {"ResetFailed", R"({"names": ["made.socket"]})", "{"},
      {"UpdateUnit",
       absl::StrCat(R"({"name": "made.socket", "unit_file": "[Socket]\nAccept=yes\nListenStream=)",
                    place_.root(), R"(/other\n"})"),
       "/other"},
      {"LoadUnits", "{}", "\"loaded\""},
      {"DeleteUnit", R"({"name": "made.socket"})", "\"revision\""},
  };
  for (const Step& step : steps) {
    const ProgramResult result = Call(step.method, step.json);
    EXPECT_EQ(result.status, 0) << step.method << ": " << result.output;
    EXPECT_THAT(result.output, HasSubstr(step.expected)) << step.method;
  }
  // A socket has nothing to reload; the call arrives, and says so.
  EXPECT_THAT(Call("ReloadUnit", R"({"name": "echo.socket"})").output, HasSubstr("Code:"));
}

TEST_F(GrpcurlTest, WatchesAndHearsTheSnapshot) {
  const ProgramResult watch = Plain({"-max-time", "1", "-d", R"({"names": ["echo.socket"]})",
                                     daemon_.api_path(), absl::StrCat(kService, "/WatchUnits")});
  EXPECT_THAT(watch.output, AllOf(HasSubstr("units/echo.socket"), HasSubstr("snapshot_end")));
}

// What one form makes, the other form says: fields and text, there and back.
TEST_F(GrpcurlTest, FieldsAndTextAreTheSameUnit) {
  const std::string text = R"([Unit]\nDescription=both\n\n[Socket]\nListenStream=/tmp/x/b\n)"
                           R"(Accept=yes\nBacklog=90\n)";
  const ProgramResult by_text =
      Call("CreateUnit", absl::StrCat(R"({"unit_id": "t.socket", "unit_file": ")", text, "\"}"));
  ASSERT_EQ(by_text.status, 0) << by_text.output;
  EXPECT_THAT(by_text.output,
              AllOf(HasSubstr(R"("description": "both")"), HasSubstr(R"("backlog": 90)")));
  const ProgramResult by_fields =
      Call("CreateUnit",
           R"({"unit_id": "f.socket", "definition": {"unit": {"description": "both"}, "socket": )"
           R"({"listen": [{"kind": "KIND_STREAM", "address": "/tmp/x/b"}], "accept": true, )"
           R"("backlog": 90}}})");
  ASSERT_EQ(by_fields.status, 0) << by_fields.output;
  const auto file_of = [](const std::string& output) {
    const size_t at = output.find("\"unit_file\"");
    return at == std::string::npos ? output : output.substr(at, output.find('\n', at) - at);
  };
  EXPECT_THAT(file_of(by_text.output), HasSubstr("Backlog=90"));
  EXPECT_EQ(file_of(by_text.output), file_of(by_fields.output));
}

TEST_F(GrpcurlTest, MistakesCarryReasonsAndLines) {
  const ProgramResult unknown = Call("GetUnit", R"({"name": "no.socket"})");
  EXPECT_THAT(unknown.output,
              AllOf(HasSubstr("NotFound"), HasSubstr("UNIT_NOT_FOUND"), HasSubstr("socketd")));
  const ProgramResult bad =
      Call("CreateUnit", R"({"unit_id": "x.socket", "unit_file": "[Socket]\nBacklog=x\n"})");
  EXPECT_THAT(bad.output, AllOf(HasSubstr("InvalidArgument"), HasSubstr("BAD_UNIT"),
                                HasSubstr("unit_file:2:Socket.Backlog")));
}

// ---- TCP: the same rule at this door ----

class TcpTest : public ClientsTest {
 protected:
  TcpTest() : ClientsTest({"tcp:127.0.0.1:0"}) {}
};

TEST_F(TcpTest, OperatorsMayAndStrangersMayNot) {
  const std::string grpcurl = Need("SOCKETD_GRPCURL");
  if (grpcurl.empty()) GTEST_SKIP() << "SOCKETD_GRPCURL is not set";
  const std::vector<std::string> call = {
      grpcurl, "-plaintext",         "-max-time",
      "20",    daemon_.TcpAddress(), absl::StrCat(kService, "/GetServer")};
  const ProgramResult own = Say(call);
  EXPECT_EQ(own.status, 0) << own.output;
  EXPECT_THAT(own.output, HasSubstr("\"pid\""));
  if (geteuid() != 0) GTEST_SKIP() << "not root: cannot be a stranger";
  // Where a stranger may run it: the cache of root's home is not.
  const std::string copy = place_.root() + "/grpcurl";
  std::filesystem::copy_file(grpcurl, copy);
  std::vector<std::string> as_stranger = {"/usr/bin/setpriv", "--reuid=4242", "--regid=4242",
                                          "--clear-groups"};
  as_stranger.insert(as_stranger.end(), call.begin(), call.end());
  as_stranger[4] = copy;
  const ProgramResult stranger = Say(as_stranger);
  EXPECT_NE(stranger.status, 0);
  EXPECT_THAT(stranger.output, AllOf(HasSubstr("PermissionDenied"), HasSubstr("uid 4242")));
  EXPECT_THAT(stranger.output, Not(HasSubstr("\"pid\"")));
}

// ---- buf ----

class BufTest : public ClientsTest {};

TEST_F(BufTest, CallsAndListsByReflection) {
  const std::string buf = Need("SOCKETD_BUF");
  if (buf.empty()) GTEST_SKIP() << "SOCKETD_BUF is not set";
  const std::vector<std::string> common = {buf,
                                           "curl",
                                           "--protocol",
                                           "grpc",
                                           "--http2-prior-knowledge",
                                           "--unix-socket",
                                           daemon_.api_path()};
  std::vector<std::string> call = common;
  call.insert(call.end(), {"--data", R"({"name": "echo.socket"})",
                           absl::StrCat("http://socketd/", kService, "/StartUnit")});
  const ProgramResult started = Say(call);
  EXPECT_EQ(started.status, 0) << started.output;
  EXPECT_THAT(started.output, HasSubstr("listening"));
  std::vector<std::string> list = common;
  list.insert(list.end(), {"--list-methods", "http://socketd"});
  EXPECT_THAT(Say(list).output, HasSubstr("WatchUnits"));
  std::vector<std::string> unknown = common;
  unknown.insert(unknown.end(), {"--data", R"({"name": "no.socket"})",
                                 absl::StrCat("http://socketd/", kService, "/GetUnit")});
  EXPECT_THAT(Say(unknown).output,
              AllOf(HasSubstr("not_found"), HasSubstr("google.rpc.ErrorInfo")));
}

// ---- Python, Node ----

class ScriptTest : public ClientsTest {
 protected:
  static std::string Script(const std::string& name) {
    return (std::filesystem::current_path() / "tests/real/clients" / name).string();
  }
};

TEST_F(ScriptTest, PythonNeedsReflectionOnly) {
  const std::string python = Need("SOCKETD_PYTHON");
  if (python.empty()) GTEST_SKIP() << "SOCKETD_PYTHON is not set";
  const ProgramResult result =
      Say({python, Script("python_client.py"), daemon_.api_address(), place_.root() + "/py.sock"});
  EXPECT_EQ(result.status, 0);
  EXPECT_EQ(result.output,
            "services: True\n"
            "created: units/py.socket\n"
            "started: listening\n"
            "moves: start-open listening\n"
            "error: NOT_FOUND UNIT_NOT_FOUND\n"
            "deleted: True\n");
}

TEST_F(ScriptTest, NodeWithTheProtoFiles) {
  const std::string modules = Need("SOCKETD_NODE_MODULES");
  if (modules.empty()) GTEST_SKIP() << "SOCKETD_NODE_MODULES is not set";
  const ProgramResult result =
      Say({"/usr/bin/env", "NODE_PATH=" + modules, "node", Script("node_client.js"),
           daemon_.api_address(), place_.root() + "/node.sock",
           (std::filesystem::current_path() / "proto").string()});
  EXPECT_EQ(result.status, 0);
  EXPECT_EQ(result.output,
            "created: units/node.socket true\n"
            "started: listening\n"
            "moves: start-open listening\n"
            "error: NOT_FOUND\n"
            "deleted: true\n");
}

}  // namespace
}  // namespace socketd::real
