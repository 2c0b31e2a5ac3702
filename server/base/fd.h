// An owned descriptor. Whoever opened it closes it: the kernel, or in tests the fake kernel with
// its ledger. Fd moves to give and is borrowed as `const Fd&` to lend; it is never copied and never
// stored as an int above the kernel floor. Belongs to the engine thread like everything it names.
#pragma once

namespace socketd {

class FdOwner {
 public:
  // Closes `number`. Never retried (close(2): on Linux the number is gone even after EINTR).
  virtual void Close(int number) = 0;

 protected:
  ~FdOwner() = default;
};

class Fd {
 public:
  Fd() = default;
  Fd(FdOwner& owner, int number) : owner_(&owner), number_(number) {}
  Fd(Fd&& other) noexcept;
  Fd& operator=(Fd&& other) noexcept;
  ~Fd();

  explicit operator bool() const { return owner_ != nullptr; }

  // For the kernel floor, and for the roof that gives an accepted connection to gRPC.
  int number() const { return number_; }

  // Gives up ownership without closing; the caller is the owner from here on.
  int Release();

 private:
  FdOwner* owner_ = nullptr;
  int number_ = -1;
};

}  // namespace socketd
