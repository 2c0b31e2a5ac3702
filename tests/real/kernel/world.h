// A LinuxKernel with what tests ask of it again and again: events collected until one comes, a
// folder for sockets and files, programs started by a shell line. Real time, real processes; a wait
// that is not answered ends after ten seconds and fails the test.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "gtest/gtest.h"

#include "server/kernel/linux_kernel.h"

namespace socketd {

class World : public ::testing::Test {
 protected:
  World();
  ~World() override;

  LinuxKernel& kernel() { return *kernel_; }
  const std::string& folder() const { return folder_; }
  std::string Path(absl::string_view name) const;

  static constexpr Token kChildToken = static_cast<Token>(1);
  static constexpr Token kGroupToken = static_cast<Token>(2);

  // A spec that runs `line` in a shell, in `group`, with null streams.
  SpawnSpec Shell(const Group& group, absl::string_view line) const;
  ExecContext& context() { return *context_; }

  // The next event of this kind; what came before it is dropped.
  std::optional<Event> Next(Event::Kind kind);
  // All kinds of events up to and including the first of `last`.
  std::vector<Event::Kind> Until(Event::Kind last);

  // Starts it, waits for its end and tells how it was.
  Exit Run(const SpawnSpec& spec);
  // Starts it and expects that it fails on the way to exec.
  std::optional<Event> RunFailing(const SpawnSpec& spec);
  Group NewGroup();
  bool Has(absl::string_view capability) const;
  static bool IsRoot();
  static std::string Contents(const std::string& path);

 private:
  std::string folder_;
  std::unique_ptr<LinuxKernel> kernel_;
  std::shared_ptr<ExecContext> context_ = std::make_shared<ExecContext>();
};

}  // namespace socketd
