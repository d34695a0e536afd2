<?php
sleep(1);
echo 'at last';
