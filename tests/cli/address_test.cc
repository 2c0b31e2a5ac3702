#include "cli/address.h"

#include <stdlib.h>
#include <unistd.h>

#include <fstream>
#include <string>

#include "gtest/gtest.h"

namespace socketd::cli {
namespace {

TEST(ParseAddress, ReadsEveryForm) {
  EXPECT_EQ(ParseAddress("unix:/run/a.sock")->target, "unix:/run/a.sock");
  EXPECT_EQ(ParseAddress("unix:/run/a.sock")->unix_path, "/run/a.sock");
  EXPECT_EQ(ParseAddress("unix:///run/a.sock")->unix_path, "/run/a.sock");
  EXPECT_EQ(ParseAddress("/run/a.sock")->target, "unix:/run/a.sock");
  EXPECT_EQ(ParseAddress("unix:a.sock")->target, "unix:a.sock");
  EXPECT_EQ(ParseAddress("localhost:7000")->target, "dns:///localhost:7000");
  EXPECT_EQ(ParseAddress("tcp:127.0.0.1:7000")->target, "dns:///127.0.0.1:7000");
  EXPECT_EQ(ParseAddress("[::1]:7000")->target, "dns:///[::1]:7000");
  EXPECT_EQ(ParseAddress("[::1]:7000")->unix_path, "");
  EXPECT_EQ(ParseAddress("tcp:127.0.0.1:7000")->text, "tcp:127.0.0.1:7000");
}

TEST(ParseAddress, RefusesTheRest) {
  for (const std::string text : {"", "host", "host:", ":80", "host:0", "host:65536", "host:http",
                                 "::1:80", "unix:", "tcp:"}) {
    EXPECT_FALSE(ParseAddress(text).ok()) << text;
  }
}

TEST(ParseAddress, KnowsHowLongAPathMayBe) {
  EXPECT_TRUE(ParseAddress("/" + std::string(106, 'a')).ok());
  EXPECT_FALSE(ParseAddress("/" + std::string(107, 'a')).ok());
}

TEST(DiagnoseAddress, TellsNothingThereFromNobodyListening) {
  std::string folder = "/tmp/sdXXXXXX";
  ASSERT_NE(mkdtemp(folder.data()), nullptr);
  const std::string path = folder + "/s";
  const absl::Status missing = DiagnoseAddress(*ParseAddress(path));
  EXPECT_TRUE(absl::IsNotFound(missing)) << missing;
  std::ofstream(path) << "a file";
  const absl::Status dead = DiagnoseAddress(*ParseAddress(path));
  EXPECT_TRUE(absl::IsNotFound(dead)) << dead;
  EXPECT_NE(missing.message(), dead.message());
  unlink(path.c_str());
  rmdir(folder.c_str());
}

}  // namespace
}  // namespace socketd::cli
