#include "server/kernel/linux_birth.h"

#include <linux/sched.h>
#include <signal.h>
#include <sys/mman.h>

#include <algorithm>
#include <cerrno>

#include "server/base/errors.h"

namespace socketd {

extern "C" long SocketdClone(clone_args* arguments,  // NOLINT(google-runtime-int): a register
                             size_t size,
                             void (*function)(Birth*),
                             Birth* birth);

Births::~Births() {
  if (memory_ == nullptr) return;
  // Children that are not gone yet still use their blocks, and the words in them: all is left to
  // them.
  if (free_.size() == blocks_.size()) {
    munmap(memory_, kBlocks * sizeof(Birth));
    return;
  }
  for (std::unique_ptr<BirthBlock>& block : blocks_) {
    const bool used = std::find(free_.begin(), free_.end(), block.get()) == free_.end();
    if (used) block.release();  // NOLINT(bugprone-unused-return-value): left to the child
  }
}

BirthBlock* Births::Acquire() {
  if (memory_ == nullptr) {
    void* memory = mmap(nullptr, kBlocks * sizeof(Birth), PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory == MAP_FAILED) return nullptr;
    memory_ = static_cast<Birth*>(memory);
  }
  if (free_.empty()) {
    if (blocks_.size() == kBlocks) return nullptr;
    blocks_.push_back(std::make_unique<BirthBlock>());
    blocks_.back()->birth = memory_ + (blocks_.size() - 1);
    free_.push_back(blocks_.back().get());
  }
  BirthBlock* block = free_.back();
  free_.pop_back();
  return block;
}

void Births::Release(BirthBlock* block) {
  block->text.clear();
  block->words.clear();
  block->environment.clear();
  block->sources.clear();
  block->lent.clear();
  block->held.clear();
  block->kept.reset();
  free_.push_back(block);
}

absl::StatusOr<Births::Born> Births::Start(BirthBlock& block, const Clone& clone) {
  Birth& birth = *block.birth;
  birth.busy = 1;
  birth.unshared = 0;
  birth.about_to_exec = 0;
  birth.trouble = {};
  birth.shared_files = clone.shared_files;
  birth.tell = clone.tell;
  int pidfd = -1;
  clone_args arguments{};
  arguments.flags = CLONE_VM | CLONE_PIDFD | CLONE_CHILD_CLEARTID | CLONE_CLEAR_SIGHAND;
  if (clone.shared_files) arguments.flags |= CLONE_FILES;
  if (clone.cgroup >= 0) arguments.flags |= CLONE_INTO_CGROUP;
  arguments.pidfd = reinterpret_cast<uint64_t>(&pidfd);
  arguments.child_tid = reinterpret_cast<uint64_t>(&birth.busy);
  arguments.exit_signal = SIGCHLD;
  arguments.stack = reinterpret_cast<uint64_t>(birth.stack);
  arguments.stack_size = Birth::kStackSize;
  arguments.cgroup = clone.cgroup >= 0 ? static_cast<uint64_t>(clone.cgroup) : 0;
  const auto pid = SocketdClone(&arguments, sizeof(arguments), SocketdBirth, &birth);
  if (pid < 0) {
    birth.busy = 0;
    return SystemError(static_cast<int>(-pid), "clone3");
  }
  Born born;
  born.pid = static_cast<int>(pid);
  born.pidfd.reset(pidfd);
  return born;
}

bool Births::Left(const BirthBlock& block) {
  return __atomic_load_n(&block.birth->busy, __ATOMIC_ACQUIRE) == 0;
}

bool Births::Unshared(const BirthBlock& block) {
  return __atomic_load_n(&block.birth->unshared, __ATOMIC_ACQUIRE) != 0;
}

bool Births::AboutToExec(const BirthBlock& block) {
  return __atomic_load_n(&block.birth->about_to_exec, __ATOMIC_ACQUIRE) != 0;
}

exec::Trouble Births::TroubleOf(const BirthBlock& block) {
  exec::Trouble trouble;
  trouble.error = __atomic_load_n(&block.birth->trouble.error, __ATOMIC_ACQUIRE);
  trouble.step = block.birth->trouble.step;
  return trouble;
}

}  // namespace socketd
