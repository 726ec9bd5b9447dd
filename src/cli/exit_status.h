// What commands end with. Values.
#pragma once

namespace weir {

inline constexpr int failed = 1;  // it did not hold, or could not be done
inline constexpr int bad_usage = 2;
inline constexpr int bad_configuration = 2;

}  // namespace weir
