<?php
// Every plugin of the package is on. Without this file DokuWiki would try to write it.
