# Home Assistant puts its successor in the place of voluptuous.
from probatio import *
