#include "tests/real/kernel/world.h"

#include <stdlib.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <system_error>
#include <utility>

#include "absl/strings/str_cat.h"

namespace socketd {
namespace {

constexpr absl::Duration kPatience = absl::Seconds(10);

}  // namespace

World::World() {
  std::string folder = "/tmp/sdXXXXXX";
  EXPECT_NE(mkdtemp(folder.data()), nullptr);
  folder_ = folder;
  auto kernel = LinuxKernel::Open({.executor = "server/exec/socketd-exec"});
  EXPECT_TRUE(kernel.ok()) << kernel.status();
  kernel_ = std::move(*kernel);
}

World::~World() {
  kernel_.reset();
  std::error_code ignored;
  std::filesystem::remove_all(folder_, ignored);
}

std::string World::Path(absl::string_view name) const {
  return absl::StrCat(folder_, "/", name);
}

SpawnSpec World::Shell(const Group& group, absl::string_view line) const {
  SpawnSpec spec;
  spec.token = kChildToken;
  spec.group = &group;
  spec.context = context_;
  spec.program = "/bin/sh";
  spec.argv = {"sh", "-c", std::string(line)};
  spec.environment = {"PATH=/usr/bin:/bin", absl::StrCat("T=", folder_)};
  return spec;
}

std::optional<Event> World::Next(Event::Kind kind) {
  const Instant deadline = kernel_->Now() + kPatience;
  while (kernel_->Now() < deadline) {
    for (const Event& event : kernel_->Poll(deadline))
      if (event.kind == kind) return event;
  }
  ADD_FAILURE() << "no event of kind " << static_cast<int>(kind);
  return std::nullopt;
}

std::vector<Event::Kind> World::Until(Event::Kind last) {
  std::vector<Event::Kind> kinds;
  const Instant deadline = kernel_->Now() + kPatience;
  while (kernel_->Now() < deadline) {
    for (const Event& event : kernel_->Poll(deadline)) {
      kinds.push_back(event.kind);
      if (event.kind == last) return kinds;
    }
  }
  ADD_FAILURE() << "no event of kind " << static_cast<int>(last);
  return kinds;
}

Exit World::Run(const SpawnSpec& spec) {
  absl::StatusOr<Child> child = kernel_->Spawn(spec);
  EXPECT_TRUE(child.ok()) << child.status();
  if (!child.ok() || !Next(Event::Kind::kExited)) return {};
  return kernel_->ExitOf(*child);
}

std::optional<Event> World::RunFailing(const SpawnSpec& spec) {
  absl::StatusOr<Child> child = kernel_->Spawn(spec);
  EXPECT_TRUE(child.ok()) << child.status();
  if (!child.ok()) return std::nullopt;
  return Next(Event::Kind::kSpawnFailed);
}

Group World::NewGroup() {
  absl::StatusOr<Group> group = kernel_->NewGroup("test.service", kGroupToken);
  EXPECT_TRUE(group.ok()) << group.status();
  return std::move(*group);
}

bool World::Has(absl::string_view capability) const {
  for (const Capability& one : kernel_->Capabilities())
    if (one.name == capability) return one.available;
  return false;
}

bool World::IsRoot() {
  return geteuid() == 0;
}

std::string World::Contents(const std::string& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

}  // namespace socketd
