#include "server/base/fd.h"

#include <utility>

namespace socketd {

Fd::Fd(Fd&& other) noexcept
    : owner_(std::exchange(other.owner_, nullptr)), number_(std::exchange(other.number_, -1)) {}

Fd& Fd::operator=(Fd&& other) noexcept {
  if (this == &other) return *this;
  if (owner_ != nullptr) owner_->Close(number_);
  owner_ = std::exchange(other.owner_, nullptr);
  number_ = std::exchange(other.number_, -1);
  return *this;
}

Fd::~Fd() {
  if (owner_ != nullptr) owner_->Close(number_);
}

int Fd::Release() {
  owner_ = nullptr;
  return std::exchange(number_, -1);
}

}  // namespace socketd
