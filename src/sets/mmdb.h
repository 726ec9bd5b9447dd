// A MaxMind database (MaxMind DB File Format 2.0), walked from end to end: networks in, and for
// each what its record says of the country and the autonomous system. By libmaxminddb, on a copy in
// memory: the library maps its file, and one that is cut off while mapped would end the process.
//
// Made for one reading, on the thread that loads. The file may be hostile: every number in it is
// checked before use, the walk ends after as many steps as the tree can have nodes, and each record
// is looked at once.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "base/descriptor.h"
#include "base/prefix.h"
#include "weir/result.h"

struct MMDB_s;

namespace weir {

class ListSource;

// What a record says of the networks that have it.
struct NetworkFacts {
  std::string country;                  // two letters, upper case; "": not said
  std::uint32_t autonomous_system = 0;  // 0: not said
};

class Mmdb {
 public:
  // Errors do not name the file.
  static Result<Mmdb> open(ListSource& source);

  // Of which class a record is: a number from 0 on, or `unclassed`. Asked once for each record.
  static constexpr int unclassed = -1;
  using Classify = std::function<int(const NetworkFacts& facts)>;
  using Take = std::function<Result<>(const Prefix& network, int of)>;
  // Every network of a class, in order, neighbours of one class as one. IPv6 networks that stand
  // for IPv4 ones (6to4, Teredo, v4-mapped) are left out: the IPv4 ones are there.
  [[nodiscard]] Result<> walk(const Classify& classify, const Take& take) const;

  [[nodiscard]] std::string type() const;  // "GeoLite2-Country"

 private:
  struct Close {
    void operator()(MMDB_s* database) const;
  };
  static Result<Mmdb> open_copy(const Descriptor& copy);
  explicit Mmdb(std::unique_ptr<MMDB_s, Close> database);

  std::unique_ptr<MMDB_s, Close> database_;
};

}  // namespace weir
