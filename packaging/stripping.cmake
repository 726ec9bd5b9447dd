# Read by cpack for each generator.
if(NOT CPACK_GENERATOR STREQUAL DEB)
  set(CPACK_STRIP_FILES ON)
endif()
