// The clone, and the blocks that children work with until their exec. The clone copies nothing:
// the child shares our memory (CLONE_VM) and at first our descriptor table (CLONE_FILES), and we
// are not held until it execs (no CLONE_VFORK), so a cold disk or a frozen control group holds up
// nobody. In return whatever the child uses stays put until its block is free again.
//
// Blocks are few and used again and again; memory is bounded by kBlocks. Engine thread only.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

#include "server/kernel/linux_abi.h"
#include "server/kernel/linux_birth_child.h"

namespace socketd {

// A block with what only the daemon needs of it.
struct BirthBlock {
  Birth* birth = nullptr;
  std::vector<char> text;          // all words, arguments and environment, each ended by NUL
  std::vector<const char*> words;  // null at its end
  std::vector<char*> environment;  // null at its end
  std::vector<int> sources;
  std::vector<int> lent;             // descriptors the child still needs from the shared table
  std::vector<UniqueFd> held;        // our own copies, closed when the child has its table
  std::shared_ptr<const void> kept;  // what the words point into
};

class Births {
 public:
  static constexpr size_t kBlocks = 256;  // children between clone and exec at once

  Births() = default;
  Births(const Births&) = delete;
  Births& operator=(const Births&) = delete;
  ~Births();

  // A free block, empty. Null: all are in use (a resource shortage).
  BirthBlock* Acquire();
  void Release(BirthBlock* block);

  struct Clone {
    int cgroup = -1;           // a cgroup folder to be born in
    bool shared_files = true;  // needs close_range(2)
    int tell = -1;             // with shared files: written to when the child has its own
  };
  struct Born {
    int pid = 0;
    UniqueFd pidfd;
  };
  // Starts the child of a filled block.
  static absl::StatusOr<Born> Start(BirthBlock& block, const Clone& clone);

  // The child has left our memory.
  static bool Left(const BirthBlock& block);
  static bool Unshared(const BirthBlock& block);
  static bool AboutToExec(const BirthBlock& block);
  static exec::Trouble TroubleOf(const BirthBlock& block);

 private:
  Birth* memory_ = nullptr;  // kBlocks of them, mapped at the first use
  std::vector<std::unique_ptr<BirthBlock>> blocks_;
  std::vector<BirthBlock*> free_;
};

}  // namespace socketd
