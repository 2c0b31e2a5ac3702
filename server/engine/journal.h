// Records in memory that outlives this process (Kernel::Memory): each is there whole or not at all,
// whatever the instruction at which the process ends, and what is damaged is not believed. There
// are two areas. One is written; the other one is what was written before, and what counts until
// the new one is committed. No time is lost for it: an append is a copy and a checksum. Engine
// thread.
//
// An area is a header and records, each {length, CRC-32 (RFC 1952) of the area's number and the
// bytes}: what is left over of an earlier life of the area does not fit its number.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace socketd {

class Journal {
 public:
  // `memory` outlives the journal; its halves are the areas. Nothing is written to it yet.
  explicit Journal(absl::Span<char> memory);

  // What the areas hold that count, the older one first, up to the first record that is damaged.
  // They are in place: valid until their area is emptied.
  std::vector<absl::string_view> older() const { return RecordsOf(1 - newest_); }
  std::vector<absl::string_view> newer() const { return RecordsOf(newest_); }

  // Neither area counts any more.
  void Clear();
  // Goes on after the last record of the newer area. False: there is none that counts.
  bool Continue();
  // Empties the older area and writes there from here on; it does not count before Commit.
  void Begin();
  void Commit();

  // Where it is now, in place until the area is emptied; null: there is no room for it.
  const char* Append(absl::string_view record);
  // Bytes in the area that is written.
  size_t used() const { return used_; }
  size_t capacity() const { return half_; }

 private:
  char* Area(size_t which) const { return memory_.data() + which * half_; }
  // 0: it does not count.
  uint64_t NumberOf(size_t which) const;
  std::vector<absl::string_view> RecordsOf(size_t which) const;
  size_t EndOf(size_t which) const;

  absl::Span<char> memory_;
  size_t half_;
  size_t newest_ = 0;  // of the areas that count
  size_t writing_ = 0;
  uint64_t number_ = 0;  // of the area that is written
  size_t used_ = 0;
};

}  // namespace socketd
