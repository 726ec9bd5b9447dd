// What a set's lists and entries say, once read: shared by every rule that names the set, and by
// every worker, as std::shared_ptr<const SetContents>. What is added and removed at run time lies
// over it (sets/set_view.h).
//
// Built by the thread that loads, then immutable.
#pragma once

#include <concepts>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "sets/list_line.h"
#include "sets/name_table.h"
#include "sets/origins.h"
#include "sets/prefix_table.h"
#include "weir/result.h"

namespace weir {

// What of a set matched, and where it stands.
struct SetMatch {
  std::string item;  // "192.0.2.0/24", "*.example.org"
  SourceLocation location;
};

struct SetContents {
  PrefixTable prefixes;
  NameTable names;
  NameTable exceptions;  // names that are out although `names` has them
  Origins origins;

  [[nodiscard]] std::size_t size() const { return prefixes.size() + names.size(); }
  [[nodiscard]] std::size_t bytes() const;

  [[nodiscard]] bool contains(const Address& address) const { return prefixes.contains(address); }
  [[nodiscard]] bool contains(std::string_view host) const { return !!find_name(host); }
  // What has the host in it, exceptions considered; of names that a predicate takes.
  [[nodiscard]] std::optional<NameMatch> find_name(std::string_view host) const;
  template <std::predicate<const NameMatch&> Accept>
  [[nodiscard]] std::optional<NameMatch> find_name(std::string_view host,
                                                   const Accept& accept) const {
    auto match = names.find(host, accept);
    if (!match || !exceptions.find(host)) {
      return match;
    }
    const auto important = [](const NameMatch& one) { return one.is_important; };
    return exceptions.find(host, important) ? std::nullopt
                                            : names.find(host, [&](const NameMatch& one) {
                                                return one.is_important && accept(one);
                                              });
  }

  // For people.
  [[nodiscard]] SetMatch described(const PrefixMatch& match) const;
  [[nodiscard]] SetMatch described(const NameMatch& match) const;
};

// Collects the items of one set, from all of its sources.
class SetBuilder {
 public:
  // What comes is from this file; a line's number counts from 1, 0 is the file as a whole.
  void begin(std::string file);
  // The error: there is no room for more. What went in before stays.
  Result<> add(const ListItem& item, std::uint32_t line);
  // Items that went in, exceptions and repeated ones too.
  [[nodiscard]] std::size_t added() const { return added_; }
  [[nodiscard]] std::shared_ptr<const SetContents> build() &&;

 private:
  PrefixTableBuilder prefixes_;
  NameTable names_;
  NameTable exceptions_;
  Origins origins_;
  std::size_t added_ = 0;
};

}  // namespace weir
