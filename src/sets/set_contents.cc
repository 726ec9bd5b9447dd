#include "sets/set_contents.h"

#include <utility>
#include <variant>

namespace weir {

std::size_t SetContents::bytes() const {
  return prefixes.bytes() + names.bytes() + exceptions.bytes() + origins.bytes();
}

std::optional<NameMatch> SetContents::find_name(std::string_view host) const {
  return find_name(host, [](const NameMatch&) { return true; });
}

SetMatch SetContents::described(const PrefixMatch& match) const {
  return {match.prefix.text(), origins.location(match.origin)};
}

SetMatch SetContents::described(const NameMatch& match) const {
  return {written_name(match.name, match.form), origins.location(match.origin)};
}

void SetBuilder::begin(std::string file) { origins_.begin(std::move(file)); }

Result<> SetBuilder::add(const ListItem& item, std::uint32_t line) {
  const Origin origin = origins_.of_line(line);
  ++added_;
  if (const auto* name = std::get_if<Name>(&item.what)) {
    NameTable& into = item.is_exception ? exceptions_ : names_;
    return into.add({name->text, name->form, item.is_important, origin})
               ? Result<>(Ok{})
               : Error("a set has room for " + std::to_string(NameTable::max) + " names");
  }
  const auto* prefix = std::get_if<Prefix>(&item.what);
  const bool had_room = prefix != nullptr
                            ? prefixes_.add(*prefix, origin)
                            : prefixes_.add(std::get<AddressRange>(item.what), origin);
  return had_room ? Result<>(Ok{})
                  : Error("a set has room for " + std::to_string(PrefixTableBuilder::max) +
                          " prefixes of a family");
}

std::shared_ptr<const SetContents> SetBuilder::build() && {
  auto out = std::make_shared<SetContents>();
  out->prefixes = std::move(prefixes_).build();
  out->names = std::move(names_);
  out->exceptions = std::move(exceptions_);
  out->origins = std::move(origins_);
  return out;
}

}  // namespace weir
