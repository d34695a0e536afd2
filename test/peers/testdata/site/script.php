<?php
echo $_SERVER['SCRIPT_FILENAME'], ' ', $_SERVER['PATH_INFO'] ?? '';
