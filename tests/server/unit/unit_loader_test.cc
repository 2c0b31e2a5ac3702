#include "server/unit/unit_loader.h"

#include <algorithm>
#include <iterator>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "proto/socketd/v1/unit.pb.h"
#include "server/base/text.h"
#include "server/unit/schema.h"
#include "tests/testing/twenty_mistakes.h"

namespace socketd {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

// Files by path; a text that begins with "-> " is a link.
class Files : public UnitFiles {
 public:
  void Put(const std::string& path, const std::string& text) { files_[path] = text; }
  void Remove(const std::string& path) { files_.erase(path); }

  absl::StatusOr<std::string> Read(const std::string& path) override {
    const auto at = files_.find(path);
    if (at == files_.end()) return absl::NotFoundError(path);
    if (at->second == "<unreadable>") return absl::PermissionDeniedError("no");
    if (at->second.rfind("-> ", 0) == 0) return Read(at->second.substr(3));
    return at->second;
  }

  std::string StampOf(const std::string& path) override {
    const auto text = Read(path);
    return text.ok() ? "is " + *text : "";
  }

  absl::StatusOr<std::vector<Entry>> List(const std::string& directory) override {
    std::map<std::string, Entry> entries;
    for (const auto& [path, text] : files_) {
      if (path.rfind(directory + "/", 0) != 0) continue;
      const std::string rest = path.substr(directory.size() + 1);
      Entry entry;
      entry.name = rest.substr(0, rest.find('/'));
      entry.is_directory = rest.find('/') != std::string::npos;
      entry.is_symlink = !entry.is_directory && text.rfind("-> ", 0) == 0;
      if (entry.is_symlink) entry.target = text.substr(3);
      entries[entry.name] = entry;
    }
    if (entries.empty()) return absl::NotFoundError(directory);
    std::vector<Entry> list;
    list.reserve(entries.size());
    for (const auto& [name, entry] : entries)
      list.push_back(entry);
    return list;
  }

 private:
  std::map<std::string, std::string> files_;
};

class Loader : public ::testing::Test {
 protected:
  LoadedUnit Load(absl::string_view name) { return Make().Load(*UnitName::Parse(name)); }

  UnitLoader Make() {
    Surroundings around;
    around.machine_id = "0123";
    return UnitLoader(files_, {"/etc/u", "/run/u", "/lib/u"}, around);
  }

  static std::vector<std::string> Texts(const std::vector<UnitName>& names) {
    std::vector<std::string> texts;
    texts.reserve(names.size());
    for (const UnitName& name : names)
      texts.push_back(name.text());
    return texts;
  }

  Files files_;
};

constexpr char kWeb[] = "[Unit]\nDescription=lib\n[Socket]\nListenStream=80\n";

TEST_F(Loader, FindsNothing) {
  const LoadedUnit unit = Load("web.socket");
  EXPECT_EQ(unit.state, LoadState::kNotFound);
  EXPECT_THAT(unit.error, HasSubstr("web.socket"));
  EXPECT_EQ(unit.written, nullptr);
  EXPECT_EQ(unit.effective, nullptr);
  EXPECT_EQ(Load("x.mount").state, LoadState::kNotFound);
}

TEST_F(Loader, AScopeIsNoSpecifier) {
  files_.Put("/lib/u/web.socket",
             "[Socket]\nListenStream=[fe80::1]:80%eth0\nListenStream=[fe80::1]:81%%lo\n"
             "ListenStream=[::1]:82\n");
  const LoadedUnit unit = Load("web.socket");
  ASSERT_EQ(unit.state, LoadState::kLoaded) << unit.error;
  const v1::SocketSpec& socket = unit.effective->socket();
  EXPECT_EQ(socket.listen(0).address(), "[fe80::1]:80%eth0");
  EXPECT_EQ(socket.listen(1).address(), "[fe80::1]:81%lo");
  EXPECT_EQ(socket.listen(2).address(), "[::1]:82");
  EXPECT_EQ(unit.written->socket().listen(0).address(), "[fe80::1]:80%eth0");
}

TEST_F(Loader, EarlierFoldersWin) {
  files_.Put("/lib/u/web.socket", kWeb);
  EXPECT_EQ(Load("web.socket").fragment_path, "/lib/u/web.socket");
  files_.Put("/etc/u/web.socket", "[Unit]\nDescription=etc\n[Socket]\nListenStream=81\n");
  const LoadedUnit unit = Load("web.socket");
  EXPECT_EQ(unit.state, LoadState::kLoaded);
  EXPECT_EQ(unit.fragment_path, "/etc/u/web.socket");
  EXPECT_EQ(unit.effective->unit().description(), "etc");
}

TEST_F(Loader, DropInsAddInTheOrderOfTheirNames) {
  files_.Put("/lib/u/a-b-c.socket", kWeb);
  files_.Put("/lib/u/a-b-c.socket.d/50-x.conf", "[Unit]\nDescription=c-lib\n");
  files_.Put("/etc/u/a-b-c.socket.d/10-x.conf", "[Unit]\nDescription=c-etc\n");
  files_.Put("/etc/u/a-b-.socket.d/60-x.conf", "[Unit]\nAfter=ab.target\n");
  files_.Put("/lib/u/a-.socket.d/70-x.conf", "[Unit]\nAfter=a.target\n");
  files_.Put("/lib/u/socket.d/80-x.conf", "[Unit]\nAfter=all.target\n");
  files_.Put("/lib/u/socket.d/80-x.txt", "[Unit]\nAfter=no.target\n");
  files_.Put("/lib/u/service.d/80-x.conf", "[Unit]\nAfter=no.target\n");
  const LoadedUnit unit = Load("a-b-c.socket");
  EXPECT_EQ(unit.state, LoadState::kLoaded);
  EXPECT_THAT(unit.drop_in_paths,
              ElementsAre("/etc/u/a-b-c.socket.d/10-x.conf", "/lib/u/a-b-c.socket.d/50-x.conf",
                          "/etc/u/a-b-.socket.d/60-x.conf", "/lib/u/a-.socket.d/70-x.conf",
                          "/lib/u/socket.d/80-x.conf"));
  EXPECT_EQ(unit.effective->unit().description(), "c-lib");
  EXPECT_THAT(unit.effective->unit().after(), ElementsAre("ab.target", "a.target", "all.target"));
}

TEST_F(Loader, OneNameOfDropInCountsOnce) {
  files_.Put("/lib/u/a.socket", kWeb);
  files_.Put("/lib/u/a.socket.d/x.conf", "[Unit]\nDescription=lib\n");
  files_.Put("/etc/u/a.socket.d/x.conf", "[Unit]\nDescription=etc\n");
  files_.Put("/etc/u/socket.d/x.conf", "[Unit]\nDescription=all\n");
  files_.Put("/lib/u/a.socket.d/y.conf", "[Unit]\nAfter=y.target\n");
  files_.Put("/etc/u/a.socket.d/y.conf", "-> /dev/null");
  const LoadedUnit unit = Load("a.socket");
  EXPECT_THAT(unit.drop_in_paths, ElementsAre("/etc/u/a.socket.d/x.conf"));
  EXPECT_EQ(unit.effective->unit().description(), "etc");
}

TEST_F(Loader, InstancesComeFromTheirTemplate) {
  files_.Put("/lib/u/s@.service",
             "[Unit]\nDescription=%i of %p\nWants=t@%i.service u@.service\n"
             "[Service]\nExecStart=/bin/s %I\n");
  files_.Put("/etc/u/s@.service.d/x.conf", "[Service]\nUser=all\n");
  files_.Put("/etc/u/s@a-b.service.d/y.conf", "[Service]\nUser=one\n");
  const LoadedUnit unit = Load("s@a-b.service");
  ASSERT_EQ(unit.state, LoadState::kLoaded) << unit.error;
  EXPECT_EQ(unit.name.text(), "s@a-b.service");
  EXPECT_EQ(unit.fragment_path, "/lib/u/s@.service");
  EXPECT_EQ(unit.effective->unit().description(), "a-b of s");
  EXPECT_THAT(unit.effective->unit().wants(), ElementsAre("t@a-b.service", "u@a-b.service"));
  EXPECT_EQ(unit.effective->service().exec_start(0).arguments(0), "a/b");
  EXPECT_EQ(unit.effective->service().exec().user(), "one");
  EXPECT_EQ(unit.written->unit().description(), "%i of %p");

  const LoadedUnit whole = Load("s@.service");
  EXPECT_EQ(whole.state, LoadState::kLoaded) << whole.error;
  EXPECT_EQ(whole.effective->unit().description(), "%i of %p");

  files_.Put("/etc/u/s@special.service", "[Service]\nExecStart=/bin/special\n");
  EXPECT_EQ(Load("s@special.service").fragment_path, "/etc/u/s@special.service");
}

TEST_F(Loader, LinksAreAliases) {
  files_.Put("/lib/u/ssh.service", "[Service]\nExecStart=/bin/s\n");
  files_.Put("/etc/u/sshd.service", "-> /lib/u/ssh.service");
  files_.Put("/etc/u/shell.service", "-> sshd.service");
  files_.Put("/etc/u/other.service.d/x.conf", "[Service]\nUser=no\n");
  files_.Put("/etc/u/sshd.service.d/x.conf", "[Service]\nUser=yes\n");
  for (const char* name : {"ssh.service", "sshd.service", "shell.service"}) {
    const LoadedUnit unit = Load(name);
    EXPECT_EQ(unit.name.text(), "ssh.service") << name;
    EXPECT_THAT(Texts(unit.aliases), ElementsAre("shell.service", "sshd.service"));
    EXPECT_EQ(unit.effective->service().exec().user(), "yes");
  }
}

TEST_F(Loader, LinksOfTemplatesCarryTheInstance) {
  files_.Put("/lib/u/real@.service", "[Service]\nExecStart=/bin/s %i\n");
  files_.Put("/lib/u/alias@.service", "-> real@.service");
  const LoadedUnit unit = Load("alias@x.service");
  EXPECT_EQ(unit.name.text(), "real@x.service");
  EXPECT_THAT(Texts(unit.aliases), ElementsAre("alias@x.service"));
}

TEST_F(Loader, ALinkToAFileElsewhereIsTheFile) {
  files_.Put("/opt/web.socket", kWeb);
  files_.Put("/etc/u/web.socket", "-> /opt/web.socket");
  const LoadedUnit unit = Load("web.socket");
  EXPECT_EQ(unit.state, LoadState::kLoaded) << unit.error;
  EXPECT_EQ(unit.name.text(), "web.socket");
  EXPECT_THAT(unit.aliases, IsEmpty());
}

TEST_F(Loader, CirclesEnd) {
  files_.Put("/etc/u/a.service", "-> b.service");
  files_.Put("/etc/u/b.service", "-> a.service");
  const LoadedUnit unit = Load("a.service");
  EXPECT_EQ(unit.state, LoadState::kError);
  EXPECT_THAT(unit.error, HasSubstr("circle"));
}

TEST_F(Loader, MaskedUnitsAreOff) {
  files_.Put("/lib/u/web.socket", kWeb);
  files_.Put("/etc/u/web.socket", "-> /dev/null");
  files_.Put("/etc/u/empty.socket", "");
  EXPECT_EQ(Load("web.socket").state, LoadState::kMasked);
  EXPECT_EQ(Load("empty.socket").state, LoadState::kMasked);
}

TEST_F(Loader, FoldersOfLinksAddDependencies) {
  files_.Put("/lib/u/web.socket", std::string(kWeb) + "[Unit]\nWants=b.service\n");
  files_.Put("/etc/u/web.socket.wants/a.service", "-> /lib/u/a.service");
  files_.Put("/lib/u/web.socket.wants/b.service", "-> ../b.service");
  files_.Put("/lib/u/web.socket.wants/c.service", "-> ../c.service");
  files_.Put("/etc/u/web.socket.wants/c.service", "-> /dev/null");
  files_.Put("/etc/u/web.socket.requires/d@x.service", "-> ../d@.service");
  files_.Put("/etc/u/web.socket.requires/README", "text");
  const LoadedUnit unit = Load("web.socket");
  EXPECT_THAT(unit.effective->unit().wants(), ElementsAre("b.service", "a.service"));
  EXPECT_THAT(unit.effective->unit().requires_units(), ElementsAre("d@x.service"));
  EXPECT_THAT(unit.written->unit().wants(), ElementsAre("b.service"));
}

TEST_F(Loader, ABadSettingLoadsNothingHalfWay) {
  files_.Put("/lib/u/web.socket", std::string(kWeb) + "Backlog=many\nPrivateTmp=yes\n");
  const LoadedUnit unit = Load("web.socket");
  EXPECT_EQ(unit.state, LoadState::kBadSetting);
  EXPECT_NE(unit.written, nullptr);
  EXPECT_EQ(unit.effective, nullptr);
  EXPECT_THAT(unit.error, HasSubstr("/lib/u/web.socket:5: [Socket] Backlog="));
  EXPECT_EQ(unit.problems.size(), 2U);
}

struct Mistake {
  int line;
  const char* expected;  // part of the message
};

constexpr Mistake kMistakes[] = {
    {1, "stands in no section"},
    {2, "expected a section header"},
    {4, "expected KEY=VALUE"},
    {5, "expected a key before"},
    {6, "expected UTF-8 text; byte 3 of the line is 0x93"},
    {7, "expected \"IPV4:PORT\""},
    {8, "a port of 1 to 65535"},
    {9, "expected a unix socket for sequential packets"},
    {10, "expected the absolute path of a FIFO"},
    {11, "expected a number of 0 to 4294967295"},
    {12, "expected a boolean"},
    {14, "expected an octal file mode"},
    {15, "expected a time span"},
    {16, "expected default, both or ipv6-only"},
    {17, "expected a program with an absolute path"},
    {18, "expected a closing \""},
    {19, "expected a user or group name"},
    {20, "expected 1 to 255 printable ASCII characters"},
    {21, "expected a signal's name or number"},
    {22, "expected a soft limit that is not above the hard one"},
};

TEST_F(Loader, TwentyMistakesGiveTwentyMessagesAndLoadNothing) {
  files_.Put("/lib/u/web.socket", testing::kTwentyMistakes);
  LoadedUnit unit = Load("web.socket");
  std::sort(unit.problems.begin(), unit.problems.end(),
            [](const Problem& left, const Problem& right) { return left.line < right.line; });
  ASSERT_EQ(unit.problems.size(), std::size(kMistakes));
  for (size_t i = 0; i < unit.problems.size(); ++i) {
    const Problem& problem = unit.problems[i];
    EXPECT_TRUE(problem.fatal) << ToText(problem);
    EXPECT_EQ(problem.file, "/lib/u/web.socket");
    EXPECT_EQ(problem.line, kMistakes[i].line) << ToText(problem);
    EXPECT_THAT(problem.message, HasSubstr(kMistakes[i].expected));
  }
  EXPECT_EQ(unit.state, LoadState::kBadSetting);
  EXPECT_EQ(unit.effective, nullptr);
  EXPECT_THAT(unit.error, HasSubstr("; and 15 more"));
}

TEST_F(Loader, WhatIsNoTextAfterExpansionIsRefusedInText) {
  files_.Put("/lib/u/w@.socket", "[Socket]\nListenStream=80\nFileDescriptorName=%I\n");
  const LoadedUnit unit = Load("w@\\xff.socket");
  EXPECT_EQ(unit.state, LoadState::kBadSetting);
  EXPECT_TRUE(IsCleanUtf8(unit.error)) << unit.error;
}

TEST_F(Loader, WhatSpecifiersMakeIsCheckedWithItsLine) {
  files_.Put("/lib/u/w@.socket", "[Socket]\nListenStream=80\nListenStream=%i\n");
  EXPECT_EQ(Load("w@81.socket").state, LoadState::kLoaded);
  const LoadedUnit unit = Load("w@x.socket");
  EXPECT_EQ(unit.state, LoadState::kBadSetting);
  EXPECT_THAT(unit.error, HasSubstr("/lib/u/w@.socket:3: [Socket] ListenStream="));
}

TEST_F(Loader, VarRunIsRunAndSaysSo) {
  files_.Put("/lib/u/w.socket", "[Socket]\nListenStream=/var/run/w.sock\n");
  const LoadedUnit unit = Load("w.socket");
  EXPECT_EQ(unit.effective->socket().listen(0).address(), "/run/w.sock");
  ASSERT_EQ(unit.problems.size(), 1U);
  EXPECT_FALSE(unit.problems[0].fatal);
  EXPECT_EQ(unit.problems[0].line, 2);
}

TEST_F(Loader, AFileThatCannotBeReadIsAnError) {
  files_.Put("/lib/u/w.socket", kWeb);
  files_.Put("/lib/u/w.socket.d/x.conf", "<unreadable>");
  EXPECT_EQ(Load("w.socket").state, LoadState::kError);
  files_.Put("/lib/u/v.socket", "<unreadable>");
  EXPECT_EQ(Load("v.socket").state, LoadState::kError);
}

TEST_F(Loader, TheHashFollowsEveryFile) {
  files_.Put("/lib/u/w.socket", kWeb);
  const uint64_t first = Load("w.socket").source_hash;
  EXPECT_EQ(Load("w.socket").source_hash, first);
  files_.Put("/lib/u/w.socket.d/x.conf", "[Unit]\n");
  const uint64_t second = Load("w.socket").source_hash;
  EXPECT_NE(second, first);
  files_.Put("/lib/u/w.socket.wants/a.service", "-> ../a.service");
  EXPECT_NE(Load("w.socket").source_hash, second);
}

TEST_F(Loader, ListsEverythingThatRunsHere) {
  files_.Put("/lib/u/web.socket", kWeb);
  files_.Put("/lib/u/s@.service", "x");
  files_.Put("/etc/u/alias.socket", "-> /lib/u/web.socket");
  files_.Put("/lib/u/x.mount", "x");
  files_.Put("/lib/u/README", "x");
  files_.Put("/lib/u/web.socket.d/x.conf", "x");
  files_.Put("/etc/u/sockets.target.wants/s@1.service", "-> /lib/u/s@.service");
  Problems problems;
  EXPECT_THAT(Texts(Make().ListNames(problems)),
              ElementsAre("alias.socket", "s@.service", "s@1.service", "web.socket"));
  EXPECT_THAT(problems, IsEmpty());
}

TEST_F(Loader, AnotherInstanceHasAllThatTheFirstOneHas) {
  files_.Put("/etc/u/e@.service",
             "[Unit]\nDescription=%i from %y in %Y\n[Service]\nExecStart=/bin/e %i\n");
  files_.Put("/etc/u/e@.service.wants/helper.service", "-> /etc/u/helper.service");
  files_.Put("/etc/u/e@.service.requires/base.service", "-> /etc/u/base.service");
  const LoadedUnit one = Load("e@1.service");
  const LoadedUnit other = Make().LoadLike(one, *UnitName::Parse("e@2.service"));
  ASSERT_EQ(other.state, LoadState::kLoaded) << other.error;
  EXPECT_EQ(other.name.text(), "e@2.service");
  const LoadedUnit read = Load("e@2.service");
  EXPECT_EQ(other.effective->DebugString(), read.effective->DebugString());
  EXPECT_EQ(other.source_hash, read.source_hash);
  EXPECT_THAT(other.effective->unit().description(), HasSubstr("2 from /etc/u/e@.service"));
  EXPECT_THAT(other.effective->unit().wants(), ElementsAre("helper.service"));
  EXPECT_THAT(other.effective->unit().requires_units(), ElementsAre("base.service"));
}

TEST_F(Loader, KnowsWhetherItWouldReadSomethingElse) {
  files_.Put("/lib/u/web.socket", "[Socket]\nListenStream=80\n");
  files_.Put("/etc/u/web.socket.d/a.conf", "[Socket]\nBacklog=5\n");
  files_.Put("/lib/u/other.socket", "[Socket]\nListenStream=81\n");
  const auto changed_by = [this](const auto& change) {
    const Files before = files_;
    const UnitLoader loader = Make();
    const LoadedUnit unit = loader.Load(*UnitName::Parse("web.socket"));
    EXPECT_FALSE(loader.SourceChanged(unit));
    change();
    const bool changed = loader.SourceChanged(unit);
    files_ = before;
    return changed;
  };
  EXPECT_TRUE(changed_by([&] { files_.Put("/lib/u/web.socket", "[Socket]\nListenStream=8\n"); }));
  EXPECT_TRUE(changed_by([&] { files_.Remove("/lib/u/web.socket"); }));
  EXPECT_TRUE(changed_by([&] { files_.Put("/etc/u/web.socket", ""); }));
  EXPECT_TRUE(changed_by([&] { files_.Put("/etc/u/web.socket.d/a.conf", ""); }));
  EXPECT_TRUE(changed_by([&] { files_.Remove("/etc/u/web.socket.d/a.conf"); }));
  EXPECT_TRUE(changed_by([&] { files_.Put("/run/u/socket.d/b.conf", "[Socket]\nMark=1\n"); }));
  EXPECT_FALSE(changed_by([&] { files_.Put("/lib/u/other.socket", "x"); }));
  EXPECT_FALSE(changed_by([&] { files_.Put("/lib/u/web.service", "x"); }));
  EXPECT_FALSE(Make().SourceChanged(Load("none.socket")));
}

}  // namespace
}  // namespace socketd
