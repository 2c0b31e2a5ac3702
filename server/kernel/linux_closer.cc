#include "server/kernel/linux_closer.h"

#include <fcntl.h>
#include <pthread.h>
#include <sys/socket.h>
#include <unistd.h>

namespace socketd {
namespace {

constexpr size_t kThreadsMax = 8;

}  // namespace

Closer::~Closer() {
  const std::lock_guard<std::mutex> lock(shared_->mutex);
  shared_->stopping = true;
  shared_->changed.notify_all();
}

void Closer::Close(int number) {
  if (shared_->arrivals->Of(number) != 0) return Take(number);
  close(number);
}

void Closer::OnCopied(int number, int copy) {
  if (shared_->arrivals->Of(number) != 0) shared_->arrivals->Add(copy);
}

void Closer::Take(int number) {
  if (fcntl(number, F_GETPIPE_SZ) >= 0) {
    shared_->arrivals->Remove(number);
    close(number);
    return;
  }
  // So that a socket does not even hold a thread.
  const linger none{};
  setsockopt(number, SOL_SOCKET, SO_LINGER, &none, sizeof(none));
  const std::lock_guard<std::mutex> lock(shared_->mutex);
  shared_->numbers.push_back(number);
  shared_->changed.notify_one();
  if (shared_->numbers.size() <= shared_->idle || shared_->threads == kThreadsMax) return;
  // std::thread would end the daemon where no thread can be made: then the next one asks again.
  auto* const theirs = new std::shared_ptr<Shared>(shared_);
  pthread_t thread{};
  if (pthread_create(&thread, nullptr, Run, theirs) != 0) {
    delete theirs;
    return;
  }
  pthread_detach(thread);
  ++shared_->threads;
}

void* Closer::Run(void* shared) {
  const std::unique_ptr<std::shared_ptr<Shared>> own(static_cast<std::shared_ptr<Shared>*>(shared));
  Shared& work = **own;
  std::unique_lock<std::mutex> lock(work.mutex);
  while (!work.stopping || !work.numbers.empty()) {
    if (work.numbers.empty()) {
      ++work.idle;
      work.changed.wait(lock);
      --work.idle;
      continue;
    }
    const int number = work.numbers.front();
    work.numbers.pop_front();
    lock.unlock();
    work.arrivals->Remove(number);
    close(number);
    lock.lock();
  }
  return nullptr;
}

}  // namespace socketd
