// Makes the upstreams of one configuration, each after those it goes through, whatever their order
// in the file: a policy asks for another by name (UpstreamLookup), and that one is made there and
// then. An upstream that leads back to itself is refused.
//
// Carries upstreams over from the configuration before where neither their section nor anything
// they go through has changed, so that turns and mappings go on. One for each making of upstreams,
// and gone after it; main thread.
#pragma once

#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "weir/upstream.h"

namespace weir {

// What was made last time: `upstreams` begins with those of `sections`, in their order.
struct PreviousUpstreams {
  std::span<const Settings> sections;
  std::span<const std::shared_ptr<Upstream>> upstreams;
  // What sections name outside of the configuration, such as a password file. A reload looks at it.
  // Laying servers out anew does not need it: it may be gone for the moment.
  enum class Outside : std::uint8_t { looked_at, left } outside = Outside::looked_at;
};

class UpstreamAssembly {
 public:
  using Previous = PreviousUpstreams;
  // What a name gets that has no section, or one that cannot be made: an error, or something in its
  // place, when only the sections that name it are being looked at.
  enum class Absent : std::uint8_t { refused, replaced };

  UpstreamAssembly(std::span<const Settings> sections, ServerPool& servers, Previous previous = {},
                   Absent absent = Absent::refused)
      : sections_(sections), servers_(servers), previous_(previous), absent_(absent) {}

  // The upstream of that section, or the built-in of that name.
  Result<std::shared_ptr<Upstream>> get(std::string_view name);
  // Of a section that need not be one of `sections`, but may go through them.
  Result<std::shared_ptr<Upstream>> make(const Settings& section);

  // The built-ins that were asked for.
  [[nodiscard]] std::span<const std::shared_ptr<Upstream>> builtins() const { return builtins_; }

  // Upstreams that had to stay as they were, and why: with Outside::left only.
  [[nodiscard]] const std::vector<Error>& not_renewed() const { return not_renewed_; }

 private:
  using Made = Result<std::shared_ptr<Upstream>>;

  [[nodiscard]] std::shared_ptr<Upstream> before(const Settings& section) const;
  std::shared_ptr<Upstream> kept(const Settings& section);
  std::shared_ptr<Upstream> builtin(std::string_view name);
  Made instead_of(std::string_view name, const Error& error);

  std::span<const Settings> sections_;
  ServerPool& servers_;
  Previous previous_;
  Absent absent_;
  bool looped_ = false;
  std::vector<std::string> under_way_;
  std::map<std::string, Made, std::less<>> made_;
  std::vector<std::shared_ptr<Upstream>> builtins_;
  std::vector<Error> not_renewed_;
};

}  // namespace weir
