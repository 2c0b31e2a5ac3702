// From an ExecContext to the order a child obeys. What is the same for all runs of a unit is made
// once and kept; a spawn adds its own words, arguments and environment. Engine thread only.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"

#include "server/kernel/linux_birth.h"
#include "server/kernel/linux_lookup.h"
#include "server/kernel/types.h"

namespace socketd {

// What becomes a standard stream: a descriptor known at the spawn, or a word of the order.
enum class StreamSource : uint8_t { kNull, kStdio, kLog, kDaemon, kWord };

struct Order {
  std::shared_ptr<const ExecContext> context;
  std::vector<std::string> words;  // in order, without those of the single run
  std::array<StreamSource, 3> streams{};
  // A word that may not be obeyed in shared memory is among them (kernel.md, "Spawning"), or one
  // that may block: the executor does it.
  bool needs_executor = false;
  bool needs_session = false;
  std::vector<std::string> environment;  // HOME and its kin
};

// The identity question of a context; nothing to ask if no name is in it.
IdentityQuestion QuestionOf(const ExecContext& context);
bool NeedsIdentity(const ExecContext& context);

// What a child has from the daemon without being told.
struct Inherited {
  uint32_t umask = 0;
  bool in_root = false;  // its working directory is "/"
  // Sessions are needed: groups are found by them, or the daemon's own has a terminal, which no
  // service may reach.
  bool needs_session = false;
};

class Orders {
 public:
  // `files` is the limit of descriptors where the context sets none.
  Orders(const Limit& files, const Inherited& inherited) : files_(files), inherited_(inherited) {}

  // `identity` is null where the context names none, or where it is not to be applied.
  std::shared_ptr<const Order> Of(const std::shared_ptr<const ExecContext>& context,
                                  const Identity* identity);

 private:
  Limit files_;
  Inherited inherited_;
  // By context; a cached order holds its context, so that no other can have its address.
  absl::flat_hash_map<const ExecContext*, std::shared_ptr<const Order>> plain_;
};

// Descriptors of the daemon's that children may get.
struct CommonFiles {
  int null = -1;
  int executor = -1;
  int wake = -1;           // ends the loop's wait
  bool pidfd_ids = false;  // a pidfd's inode says which process it is (Linux 6.9)
};

// Fills the block with everything the child reads. False: the executor is needed and there is none.
bool Compose(BirthBlock& block,
             const SpawnSpec& spec,
             const std::shared_ptr<const Order>& order,
             const CommonFiles& files);

}  // namespace socketd
