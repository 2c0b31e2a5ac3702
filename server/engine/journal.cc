#include "server/engine/journal.h"

#include <zlib.h>

#include <algorithm>
#include <atomic>
#include <cstring>
#include <limits>

#include "server/base/check.h"

namespace socketd {
namespace {

constexpr uint64_t kMagic = 0x31304c4e524a4453;  // "SDJRNL01"
constexpr size_t kAlign = 8;

struct Header {
  uint64_t magic = 0;
  uint64_t number = 0;
  uint64_t check = 0;  // of the number: a header that is torn does not count
};

struct RecordHead {
  uint32_t length = 0;
  uint32_t crc = 0;
};

size_t Padded(size_t size) {
  return (size + kAlign - 1) / kAlign * kAlign;
}

uint32_t CrcOf(uint64_t number, absl::string_view record) {
  const auto length = static_cast<uint32_t>(record.size());
  uLong crc = crc32(0, reinterpret_cast<const Bytef*>(&number), sizeof(number));
  crc = crc32(crc, reinterpret_cast<const Bytef*>(&length), sizeof(length));
  crc = crc32(crc, reinterpret_cast<const Bytef*>(record.data()), static_cast<uInt>(length));
  return static_cast<uint32_t>(crc);
}

// The process may end at any instruction, but not the machine: it is enough that the compiler keeps
// the order.
void InOrder() {
  std::atomic_signal_fence(std::memory_order_seq_cst);
}

}  // namespace

Journal::Journal(absl::Span<char> memory)
    : memory_(memory), half_(memory.size() / 2 / kAlign * kAlign) {
  CHECK(half_ > sizeof(Header) + sizeof(RecordHead));
  newest_ = NumberOf(1) > NumberOf(0) ? 1 : 0;
  writing_ = newest_;
  number_ = NumberOf(newest_);
}

uint64_t Journal::NumberOf(size_t which) const {
  Header header;
  std::memcpy(&header, Area(which), sizeof(header));
  const bool counts = header.magic == kMagic && header.check == ~header.number;
  return counts ? header.number : 0;
}

std::vector<absl::string_view> Journal::RecordsOf(size_t which) const {
  std::vector<absl::string_view> records;
  const uint64_t number = NumberOf(which);
  if (number == 0) return records;
  const char* const area = Area(which);
  size_t at = sizeof(Header);
  while (half_ - at >= sizeof(RecordHead)) {
    RecordHead head;
    std::memcpy(&head, area + at, sizeof(head));
    const size_t room = half_ - at - sizeof(head);
    if (head.length == 0 || head.length > room) break;
    const absl::string_view record(area + at + sizeof(head), head.length);
    if (CrcOf(number, record) != head.crc) break;
    records.push_back(record);
    if (Padded(head.length) > room) break;
    at += sizeof(head) + Padded(head.length);
  }
  return records;
}

size_t Journal::EndOf(size_t which) const {
  const std::vector<absl::string_view> records = RecordsOf(which);
  if (records.empty()) return sizeof(Header);
  const auto end = static_cast<size_t>(records.back().data() - Area(which));
  return std::min(half_, end + Padded(records.back().size()));
}

void Journal::Clear() {
  const Header none;
  for (const size_t which : {0, 1})
    std::memcpy(Area(which), &none, sizeof(none));
  number_ = 0;
}

bool Journal::Continue() {
  if (number_ == 0) return false;
  used_ = EndOf(newest_);
  return true;
}

void Journal::Begin() {
  writing_ = 1 - newest_;
  number_ = NumberOf(newest_) + 1;
  used_ = sizeof(Header);
  const Header none;
  std::memcpy(Area(writing_), &none, sizeof(none));
  InOrder();
}

void Journal::Commit() {
  const Header header{kMagic, number_, ~number_};
  InOrder();
  std::memcpy(Area(writing_), &header, sizeof(header));
  InOrder();
  newest_ = writing_;
}

const char* Journal::Append(absl::string_view record) {
  CHECK(used_ > 0);  // Begin comes first
  const bool fits = !record.empty() && record.size() < std::numeric_limits<uint32_t>::max() &&
                    sizeof(RecordHead) + Padded(record.size()) <= half_ - used_;
  if (!fits) return nullptr;
  char* const place = Area(writing_) + used_;
  std::memcpy(place + sizeof(RecordHead), record.data(), record.size());
  InOrder();
  const RecordHead head{static_cast<uint32_t>(record.size()), CrcOf(number_, record)};
  std::memcpy(place, &head, sizeof(head));
  InOrder();
  used_ += sizeof(RecordHead) + Padded(record.size());
  return place + sizeof(RecordHead);
}

}  // namespace socketd
