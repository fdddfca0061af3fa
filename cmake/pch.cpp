// The unit the precompiled header is built with.
#include "pch.h"
